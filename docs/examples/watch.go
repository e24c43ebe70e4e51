// Follows the samples of one deployment over Server-Sent Events, without a gap after a disconnect. It needs only the
// standard library.
//
//	GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… go run watch.go [DEPLOYMENT_ID [COUNT]]
//
// Without an id, it follows the first active deployment. It ends after COUNT samples (default: never) or when the
// deployment is deleted (exit code 0), or when the server refuses it (exit code 1). It reports every retry on stderr.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"mime"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const firstActive = `{ deployments(first: 1, filter: {status: [ACTIVE]}) { edges { node { id } } } }`
const advice = "see that GAUGELINE_URL is the address of the server, and that its certificate is trusted"
const watch = `subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }`

// The server sends a comment every 12 seconds: a connection that is silent for longer is dead.
const silence = 30 * time.Second

var (
	address  = os.Getenv("GAUGELINE_URL")
	token    = os.Getenv("GAUGELINE_TOKEN")
	endpoint = strings.TrimRight(address, "/") + "/graphql"
	// A POST that is redirected would arrive as a GET.
	client = http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
)

type result struct {
	Data struct {
		Deployments struct {
			Edges []struct{ Node struct{ ID string } }
		}
		InferenceMetrics struct {
			Cursor  string          `json:"cursor"`
			Skipped int             `json:"skipped"`
			Metrics json.RawMessage `json:"metrics"`
		} `json:"inferenceMetrics"`
	} `json:"data"`
	Errors []struct {
		Message    string `json:"message"`
		Extensions struct {
			Code string `json:"code"`
		} `json:"extensions"`
	} `json:"errors"`
}

// refused is an error that a retry cannot fix.
type refused struct{ code, message string }

func (r refused) Error() string { return r.message }

func (r result) refusal() error {
	if len(r.Errors) == 0 {
		return nil
	}
	return refused{r.Errors[0].Extensions.Code, r.Errors[0].Message}
}

// post sends one operation. A temporary failure (429, 5xx, the network) is returned as an ordinary error, and a permanent
// one as refused.
func post(ctx context.Context, query string, variables map[string]any, accept string) (*http.Response, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, "POST", endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	response, err := client.Do(request)
	if err != nil {
		var failure *url.Error
		if errors.As(err, &failure) {
			err = failure.Err // Without the method and the URL.
		}
		if regexp.MustCompile(`x509: |tls: |HTTP response to HTTPS client`).MatchString(err.Error()) {
			err = refused{message: fmt.Sprintf("%s: %v; %s", endpoint, err, advice)}
		}
		return nil, err
	}
	contentType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode == 200 && contentType == accept {
		return response, nil
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status == 200:
		return nil, refused{message: fmt.Sprintf("%s answered %s; %s", endpoint, contentType, advice)}
	case status == 408 || status == 429 || status >= 500:
		return nil, fmt.Errorf("it answered %s", response.Status)
	case response.Header.Get("Location") != "":
		location := response.Header.Get("Location")
		return nil, refused{message: fmt.Sprintf("%s redirects to %s; set GAUGELINE_URL to that server", endpoint, location)}
	case status != 404 && status != 405:
		var answer result
		if json.NewDecoder(response.Body).Decode(&answer) == nil && len(answer.Errors) > 0 {
			return nil, answer.refusal()
		}
	}
	return nil, refused{message: fmt.Sprintf("%s answered %s; %s", endpoint, response.Status, advice)}
}

// follow reads one connection to its end and passes each result to take, which returns whether to continue.
func follow(id string, after *string, take func(result) bool) (done bool, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	response, err := post(ctx, watch, map[string]any{"id": id, "after": after}, "text/event-stream")
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(make([]byte, 64*1024), 1024*1024)
	event := ""
	for lines.Scan() {
		watchdog.Reset(silence)
		line := lines.Text()
		if strings.HasPrefix(line, "event:") {
			event = strings.TrimSpace(line[len("event:"):])
		} else if strings.HasPrefix(line, "data:") && event == "next" {
			var update result
			if err := json.Unmarshal([]byte(line[len("data:"):]), &update); err != nil {
				return false, err
			}
			if err := update.refusal(); err != nil {
				return false, err
			}
			if !take(update) {
				return true, nil
			}
		}
	}
	if ctx.Err() != nil {
		return false, fmt.Errorf("nothing has been received for %v", silence)
	}
	return false, lines.Err()
}

// findActive returns the id of the first active deployment.
func findActive() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	response, err := post(ctx, firstActive, nil, "application/json")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer result
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	if err := answer.refusal(); err != nil {
		return "", err
	}
	if len(answer.Data.Deployments.Edges) == 0 {
		return "", refused{message: "no deployment is active: deploy a training job, or pass an id"}
	}
	return answer.Data.Deployments.Edges[0].Node.ID, nil
}

func stop(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}

func main() {
	parsed, err := url.Parse(address)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		stop("GAUGELINE_URL must be the address of the server, like http://127.0.0.1:4000; it is %q", address)
	}
	if !regexp.MustCompile(`^[!-~]+$`).MatchString(token) {
		stop("GAUGELINE_TOKEN must be an API token, like gl_…, without spaces")
	}
	id, count := "", -1
	if len(os.Args) > 1 {
		id = os.Args[1]
	}
	if len(os.Args) > 2 {
		if count, err = strconv.Atoi(os.Args[2]); err != nil || count < 1 {
			stop("COUNT must be a whole number from 1; it is %q", os.Args[2])
		}
	}
	random := rand.New(rand.NewSource(time.Now().UnixNano()))
	var cursor *string
	seen, attempt := 0, 0
	for {
		var err error
		done := false
		if id == "" {
			id, err = findActive()
		}
		if err == nil {
			done, err = follow(id, cursor, func(update result) bool {
				attempt = 0
				metrics := update.Data.InferenceMetrics
				cursor = &metrics.Cursor
				if metrics.Skipped > 0 {
					fmt.Fprintf(os.Stderr, "%d samples are gone: away for too long\n", metrics.Skipped)
				}
				if _, err := fmt.Println(string(metrics.Metrics)); err != nil {
					stop("cannot print: %v", err)
				}
				seen++
				return seen != count
			})
		}
		if done {
			return
		}
		var refusal refused
		if errors.As(err, &refusal) && refusal.code != "UNAVAILABLE" && refusal.code != "RATE_LIMITED" {
			if refusal.code == "NOT_FOUND" && seen > 0 {
				return // The deployment was deleted: no more samples will come.
			}
			stop("refused: %v", refusal)
		}
		if err == nil {
			err = errors.New("the stream has ended")
		}
		fmt.Fprintf(os.Stderr, "no connection to %s: %v; trying again\n", endpoint, err)
		// Exponential backoff with full jitter, so that the clients do not all reconnect at the same time.
		limit := 10.0
		if attempt < 5 {
			limit = 0.5 * float64(int(1)<<attempt)
		}
		time.Sleep(time.Duration(random.Float64() * limit * float64(time.Second)))
		attempt++
	}
}
