// Follows the samples of one deployment over Server-Sent Events, without a gap after a disconnect. It needs only the
// standard library.
//
//	GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… go run watch.go [DEPLOYMENT_ID [COUNT]]
//
// Without an id, it follows the first active deployment. It ends after COUNT samples (default: never), when the deployment
// is deleted (exit code 0), or when the server rejects the token (exit code 1).
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const firstActive = `{ deployments(first: 1, filter: {status: [ACTIVE]}) { edges { node { id } } } }`
const watch = `subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }`

// The server sends a comment every 12 seconds: a connection that is silent for longer is dead.
const silence = 30 * time.Second

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
	url := strings.TrimRight(os.Getenv("GAUGELINE_URL"), "/") + "/graphql"
	request, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("GAUGELINE_TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode == 200 {
		return response, err
	}
	defer response.Body.Close()
	var answer result
	json.NewDecoder(response.Body).Decode(&answer)
	if response.StatusCode == 429 || response.StatusCode >= 500 {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	if err := answer.refusal(); err != nil {
		return nil, err
	}
	return nil, refused{message: "the server answered " + response.Status}
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
		return "", errors.New("no deployment is active")
	}
	return answer.Data.Deployments.Edges[0].Node.ID, nil
}

func stop(err error) {
	fmt.Fprintln(os.Stderr, "refused:", err)
	os.Exit(1)
}

func main() {
	id, count := "", -1
	if len(os.Args) > 1 {
		id = os.Args[1]
	} else if found, err := findActive(); err != nil {
		stop(err)
	} else {
		id = found
	}
	if len(os.Args) > 2 {
		count, _ = strconv.Atoi(os.Args[2])
	}
	random := rand.New(rand.NewSource(time.Now().UnixNano()))
	var cursor *string
	seen, attempt := 0, 0
	for {
		done, err := follow(id, cursor, func(update result) bool {
			attempt = 0
			metrics := update.Data.InferenceMetrics
			cursor = &metrics.Cursor
			if metrics.Skipped > 0 {
				fmt.Fprintf(os.Stderr, "%d samples are gone: away for too long\n", metrics.Skipped)
			}
			fmt.Println(string(metrics.Metrics))
			seen++
			return seen != count
		})
		if done {
			return
		}
		var refusal refused
		if errors.As(err, &refusal) && refusal.code != "UNAVAILABLE" && refusal.code != "RATE_LIMITED" {
			if refusal.code == "NOT_FOUND" && seen > 0 {
				return // The deployment was deleted: no more samples will come.
			}
			stop(refusal)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "lost the connection:", err)
		}
		// Exponential backoff with full jitter, so that the clients do not all reconnect at the same time.
		limit := 10.0
		if attempt < 5 {
			limit = 0.5 * float64(int(1)<<attempt)
		}
		time.Sleep(time.Duration(random.Float64() * limit * float64(time.Second)))
		attempt++
	}
}
