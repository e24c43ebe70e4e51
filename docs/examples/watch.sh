#!/bin/sh
# Follows the samples of one deployment over Server-Sent Events, without a gap after a disconnect. It needs curl.
#   GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… sh watch.sh DEPLOYMENT_ID
# It ends when the deployment is deleted (exit code 0), or when the server rejects the token (exit code 1).
set -u
query='subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {'
query="$query cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }"
# The file that passes the newest cursor out of the loop: the loop is behind a pipe, so it runs in a subshell.
cursor=$(mktemp)
trap 'rm -f "$cursor"' EXIT
trap 'exit 130' INT TERM

while :; do
  # curl reads the token from stdin, because every user of the machine can read the arguments of a process.
  curl --silent --show-error --no-buffer --connect-timeout 10 --keepalive-time 10 --config - \
    --header 'content-type: application/json' --header 'accept: text/event-stream' --write-out '\nstatus: %{http_code}\n' \
    --data "{\"query\":\"$query\",\"variables\":{\"id\":\"$1\",\"after\":$(grep . "$cursor" || echo null)}}" \
    "${GAUGELINE_URL%/}/graphql" <<CONFIG |
header = "authorization: Bearer $GAUGELINE_TOKEN"
CONFIG
    while IFS= read -r line; do
      case $line in
        data:* | '{'*) data=${line#data: } ;;
        status:\ 4?? | '')
          # An empty line ends an event. Before it, the event may be incomplete.
          case ${data:-} in
            '') ;;
            *'"errors":['*'"UNAVAILABLE"'* | *'"errors":['*'"RATE_LIMITED"'*) ;;
            *'"errors":['*)
              # The rest is read first: curl complains when nobody reads what it writes.
              cat >/dev/null
              case $data in *'"NOT_FOUND"'*) [ -s "$cursor" ] && exit 4 ;; esac
              echo "refused: $data" >&2
              exit 3
              ;;
            *'"cursor":'*)
              printf '%s\n' "$data"
              printf '%s\n' "$data" | sed 's/.*"cursor":\("[^"]*"\).*/\1/' >"$cursor"
              ;;
          esac
          data=
          ;;
      esac
    done
  case $? in 0) ;; 4) exit 0 ;; *) exit 1 ;; esac
  sleep $(($$ % 3 + 1)) # The process id varies the delay, so that clients do not all reconnect at the same time.
done
