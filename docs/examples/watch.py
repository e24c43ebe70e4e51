#!/usr/bin/env python3
"""Follows the samples of one deployment over Server-Sent Events, without a gap after a disconnect.

It needs only the standard library.

    GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… python3 watch.py [DEPLOYMENT_ID [COUNT]]

Without an id, it follows the first active deployment. It ends after COUNT samples (default: never) or when the
deployment is deleted (exit code 0), or when the server refuses it (exit code 1). It reports every retry on stderr.
"""
import http.client
import json
import os
import random
import re
import ssl
import sys
import time
import urllib.error
import urllib.request

ADDRESS = os.environ.get("GAUGELINE_URL", "")
URL = ADDRESS.rstrip("/") + "/graphql"
TOKEN = os.environ.get("GAUGELINE_TOKEN", "")
ADVICE = "see that GAUGELINE_URL is the address of the server, and that its certificate is trusted"
# The server sends a comment every 12 seconds: a connection that is silent for longer is dead.
SILENCE_SECONDS = 30
# Errors that are temporary: the program retries.
PASSING = ("UNAVAILABLE", "RATE_LIMITED")

FIRST_ACTIVE = "{ deployments(first: 1, filter: {status: [ACTIVE]}) { edges { node { id version model { name } } } } }"
WATCH = """subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }"""


class Refused(Exception):
    """An error that a retry cannot fix."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A POST that is redirected would arrive as a GET."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirect)


def post(query, variables, accept):
    request = urllib.request.Request(
        URL,
        json.dumps({"query": query, "variables": variables}).encode(),
        {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "accept": accept},
    )
    try:
        answer = opener.open(request, timeout=SILENCE_SECONDS)
    except urllib.error.HTTPError as error:
        # A rate limit and an error in the server are temporary. Every other refusal is permanent.
        if error.code in (408, 429) or error.code >= 500:
            raise
        if error.headers["location"]:
            raise Refused(None, f"{URL} redirects to {error.headers['location']}; set GAUGELINE_URL to that server")
        if error.code not in (404, 405):
            try:
                data_of(json.load(error))
            except (ValueError, KeyError):
                pass
        raise Refused(None, f"{URL} answered {error.code}; {ADVICE}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLError) and not isinstance(error.reason, ssl.SSLEOFError):
            raise Refused(None, f"{URL}: {error.reason}; {ADVICE}") from error
        raise
    if answer.headers.get_content_type() != accept:
        raise Refused(None, f"{URL} answered {answer.headers.get_content_type()}; {ADVICE}")
    return answer


def data_of(result):
    if result.get("errors"):
        first = result["errors"][0]
        raise Refused(first.get("extensions", {}).get("code"), first["message"])
    return result["data"]


def find_active():
    with post(FIRST_ACTIVE, {}, "application/json") as answer:
        edges = data_of(json.load(answer))["deployments"]["edges"]
    if not edges:
        raise Refused(None, "no deployment is active: deploy a training job, or pass an id")
    node = edges[0]["node"]
    print(node["model"]["name"], node["version"], file=sys.stderr)
    return node["id"]


def results(query, variables):
    """Yields the results of a subscription until the connection ends."""
    with post(query, variables, "text/event-stream") as stream:
        event = ""
        for raw in stream:
            if not raw.endswith(b"\n"):
                return  # The connection was cut in the middle of a line.
            line = raw.decode().rstrip()
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:") and event == "next":
                yield data_of(json.loads(line[5:]))


def emit(line):
    try:
        print(line, flush=True)
    except OSError as error:
        # Nobody reads any more, as after `| head`; or the disk is full. Python would flush once more, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141 if isinstance(error, BrokenPipeError) else f"cannot print: {error.strerror}")


def watch(deployment_id, count):
    cursor, seen, attempt = None, 0, 0
    while True:
        try:
            deployment_id = deployment_id or find_active()
            for data in results(WATCH, {"id": deployment_id, "after": cursor}):
                attempt = 0
                update = data["inferenceMetrics"]
                cursor = update["cursor"]
                if update["skipped"]:
                    print(f"{update['skipped']} samples are gone: away for too long", file=sys.stderr)
                emit(json.dumps(update["metrics"]))
                seen += 1
                if seen == count:
                    return
            reason = "the stream has ended"
        except Refused as refusal:
            if refusal.code == "NOT_FOUND" and seen:
                return  # The deployment was deleted: no more samples will come.
            if refusal.code not in PASSING:
                raise
            reason = refusal
        except (OSError, http.client.HTTPException) as error:
            reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", None) or repr(error)
        # The stream has ended, perhaps because the server restarts. Back off exponentially with full jitter, so that the
        # clients do not all reconnect at the same time.
        print(f"no connection to {URL}: {reason}; trying again", file=sys.stderr)
        time.sleep(random.uniform(0, min(10, 0.5 * 2**attempt)))
        attempt += 1


def main():
    if not re.match(r"https?://[!-~]+$", ADDRESS):
        sys.exit(f'GAUGELINE_URL must be the address of the server, like http://127.0.0.1:4000; it is "{ADDRESS}"')
    if not re.match(r"[!-~]+$", TOKEN):
        sys.exit("GAUGELINE_TOKEN must be an API token, like gl_…, without spaces")
    deployment_id, count = (sys.argv[1:3] + [None, None])[:2]
    if not re.match(r"([1-9][0-9]*)?$", count or ""):
        sys.exit(f'COUNT must be a whole number from 1; it is "{count}"')
    watch(deployment_id, int(count) if count else None)


try:
    main()
except Refused as refusal:
    sys.exit(f"refused: {refusal}")
except KeyboardInterrupt:
    sys.exit(130)
