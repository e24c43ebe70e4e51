import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Sends a few operations with Java's own HTTP client, as it is by default, and prints status and body of each answer. */
class JavaClient {
  public static void main(String[] args) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    for (int i = 0; i < 3; i += 1) {
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(args[0] + "/graphql"))
          .header("authorization", "Bearer " + args[1])
          .header("content-type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString("{\"query\":\"{ viewer { name } }\"}"));
      HttpResponse<String> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      System.out.println(answer.statusCode() + " " + answer.body());
    }
    HttpRequest probe = HttpRequest.newBuilder(URI.create(args[0] + "/healthz")).build();
    System.out.println(client.send(probe, HttpResponse.BodyHandlers.ofString()).statusCode());
  }
}
