#!/bin/sh
# Follows the samples of one deployment over Server-Sent Events, without a gap after a disconnect. It needs curl.
#   GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… sh watch.sh DEPLOYMENT_ID
# It ends when the deployment is deleted (exit code 0), or when the server refuses it (exit code 1). It reports every
# retry on stderr.
set -u
export LC_ALL=C
stop() {
  echo "$1" >&2
  exit 1
}
case ${GAUGELINE_URL:-} in
  *[!!-~]* | http:// | https://) bad=yes ;;
  http://* | https://*) bad= ;;
  *) bad=yes ;;
esac
[ -z "$bad" ] ||
  stop "GAUGELINE_URL must be the address of the server, like http://127.0.0.1:4000; it is \"${GAUGELINE_URL:-}\""
case ${GAUGELINE_TOKEN:-} in
  '' | *[!!-~]* | *'"'*) stop 'GAUGELINE_TOKEN must be an API token, like gl_…, without spaces' ;;
esac
case ${1:-} in
  '' | *[!A-Za-z0-9_+/=-]*) stop "usage: sh watch.sh DEPLOYMENT_ID; the id is \"${1:-}\"" ;;
esac
url=$(printf %s "$GAUGELINE_URL" | sed 's:/*$::')/graphql

query='subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {'
query="$query cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }"
advice='see that GAUGELINE_URL is the address of the server, and that its certificate is trusted'
cursor=null
# curl writes into a named pipe, so that this shell reads, can be interrupted at any time, and then ends curl.
folder=$(mktemp -d) && mkfifo "$folder/pipe" || stop 'a temporary folder cannot be made'
curl=
trap '[ -z "$curl" ] || kill "$curl" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Looks at a result: prints the sample, or ends.
take() {
  case $1 in
    *'"errors":['*'"UNAVAILABLE"'* | *'"errors":['*'"RATE_LIMITED"'*) reason=$1 ;;
    *'"errors":['*'"NOT_FOUND"'*) [ "$cursor" != null ] && exit 0 || stop "refused: $1" ;;
    *'"errors":['*) stop "refused: $1" ;;
    *'"cursor":'*)
      # In a subshell, which a closed pipe may end: the exit code is its own.
      (printf '%s\n' "$1") || exit
      cursor=$(printf '%s\n' "$1" | sed 's/.*"cursor":\("[^"]*"\).*/\1/')
      ;;
  esac
}

while :; do
  # curl reads the token from stdin, because every user of the machine can read the arguments of a process.
  curl --silent --show-error --stderr - --no-buffer --connect-timeout 10 --keepalive-time 10 --config - \
    --header 'content-type: application/json' --header 'accept: text/event-stream' \
    --write-out '\nstatus: %{http_code} %{content_type} %{redirect_url}\n' \
    --data "{\"query\":\"$query\",\"variables\":{\"id\":\"$1\",\"after\":$cursor}}" "$url" >"$folder/pipe" <<CONFIG &
header = "authorization: Bearer $GAUGELINE_TOKEN"
CONFIG
  curl=$!
  data='' answer='' reason='the stream has ended' status=
  while IFS= read -r line; do
    case $line in
      data:*) data=${line#data: } ;;
      '{'*) answer=$line ;;
      # An empty line ends an event. Before it, the event may be incomplete.
      '') take "$data" && data= ;;
      status:*) status=${line#status: } ;;
      curl:*) reason=$line ;;
    esac
  done <"$folder/pipe"
  wait "$curl"
  code=$?
  curl=
  case $code:$cursor:$status in
    # The URL is invalid, the certificate is not trusted, or the very first TLS connection fails.
    3:* | 60:* | 35:null:*) stop "refused: $url: $reason; $advice" ;;
    *:200\ text/event-stream* | *:000\ *) ;;
    *:408\ * | *:429\ * | *:5??\ *) reason="it answered ${status%% *}" ;;
    *:400\ * | *:401\ * | *:403\ * | *:421\ *) stop "refused: ${answer:-$url answered ${status%% *}}" ;;
    *:3??\ *) stop "refused: $url redirects to ${status##* }; set GAUGELINE_URL to that server" ;;
    *) stop "refused: $url answered ${status%% *}; $advice" ;;
  esac
  echo "no connection to $url: $reason; trying again" >&2
  sleep $(($$ % 3 + 1)) # The process id varies the delay, so that clients do not all reconnect at the same time.
done
