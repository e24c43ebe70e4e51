#!/usr/bin/env python3
"""Follows the samples of one deployment over Server-Sent Events, without a gap after a disconnect.

It needs only the standard library.

    GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… python3 watch.py [DEPLOYMENT_ID [COUNT]]

Without an id, it follows the first active deployment. It ends after COUNT samples (default: never), when the deployment
is deleted (exit code 0), or when the server rejects the token (exit code 1).
"""
import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request

URL = os.environ["GAUGELINE_URL"].rstrip("/") + "/graphql"
TOKEN = os.environ["GAUGELINE_TOKEN"]
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


def post(query, variables, accept):
    request = urllib.request.Request(
        URL,
        json.dumps({"query": query, "variables": variables}).encode(),
        {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "accept": accept},
    )
    try:
        return urllib.request.urlopen(request, timeout=SILENCE_SECONDS)
    except urllib.error.HTTPError as error:
        # A rate limit and an error in the server are temporary. Every other refusal is permanent.
        if error.code == 429 or error.code >= 500:
            raise
        try:
            data_of(json.load(error))
        except ValueError:
            pass
        raise Refused(None, f"the server answered {error.code}") from error


def data_of(result):
    if result.get("errors"):
        first = result["errors"][0]
        raise Refused(first.get("extensions", {}).get("code"), first["message"])
    return result["data"]


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


def watch(deployment_id, count):
    cursor, seen, attempt = None, 0, 0
    while True:
        try:
            for data in results(WATCH, {"id": deployment_id, "after": cursor}):
                attempt = 0
                update = data["inferenceMetrics"]
                cursor = update["cursor"]
                if update["skipped"]:
                    print(f"{update['skipped']} samples are gone: away for too long", file=sys.stderr)
                print(json.dumps(update["metrics"]), flush=True)
                seen += 1
                if seen == count:
                    return
        except Refused as refusal:
            if refusal.code == "NOT_FOUND" and seen:
                return  # The deployment was deleted: no more samples will come.
            if refusal.code not in PASSING:
                raise
        except (OSError, http.client.HTTPException) as error:
            print(f"lost the connection: {error}", file=sys.stderr)
        # The stream has ended, perhaps because the server restarts. Back off exponentially with full jitter, so that the
        # clients do not all reconnect at the same time.
        time.sleep(random.uniform(0, min(10, 0.5 * 2**attempt)))
        attempt += 1


def main():
    deployment_id = sys.argv[1] if len(sys.argv) > 1 else None
    count = int(sys.argv[2]) if len(sys.argv) > 2 else None
    if deployment_id is None:
        with post(FIRST_ACTIVE, {}, "application/json") as answer:
            edges = data_of(json.load(answer))["deployments"]["edges"]
        if not edges:
            sys.exit("no deployment is active")
        node = edges[0]["node"]
        deployment_id = node["id"]
        print(node["model"]["name"], node["version"], file=sys.stderr)
    watch(deployment_id, count)


try:
    main()
except Refused as refusal:
    sys.exit(f"refused: {refusal}")
except KeyboardInterrupt:
    pass
