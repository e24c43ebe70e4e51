#!/bin/sh
# Follows one deployment's samples over Server-Sent Events, without a hole across cuts. Needs curl.
#   GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… sh watch.sh DEPLOYMENT_ID
# Ends when the deployment is deleted (exit 0) or when the token is refused (exit 1).
set -u
query='subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {'
query="$query cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }"
# What the loop behind the pipe has to hand on.
cursor=$(mktemp)
trap 'rm -f "$cursor"' EXIT
trap 'exit 130' INT TERM

while :; do
  # The token comes by stdin: arguments can be read by every user of the machine.
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
          # An empty line ends an event: until then it may have been cut.
          case ${data:-} in
            '') ;;
            *'"errors":['*'"UNAVAILABLE"'* | *'"errors":['*'"RATE_LIMITED"'*) ;;
            *'"errors":['*'"NOT_FOUND"'*) [ -s "$cursor" ] && exit 4 || { echo "refused: $data" >&2; exit 3; } ;;
            *'"errors":['*) echo "refused: $data" >&2; exit 3 ;;
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
  sleep $(($$ % 3 + 1)) # Not all at once.
done
