// Follows one deployment's samples over Server-Sent Events, without a hole across cuts. Standard library only.
//
//	GAUGELINE_URL=http://127.0.0.1:4000 GAUGELINE_TOKEN=… go run watch.go DEPLOYMENT_ID [COUNT]
//
// Ends after COUNT samples (default: never), when the deployment is deleted (exit 0) or when the token is refused (exit 1).
package main

import (
	"bufio"
	"bytes"
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

const watchDocument = `subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor skipped metrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } }`

// The server sends a comment every 12 seconds: a connection that is silent for longer is dead.
const silence = 30 * time.Second

type result struct {
	Data struct {
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

// refused is what trying again cannot mend.
type refused struct{ code, message string }

func (r refused) Error() string { return r.message }

// follow reads one connection to its end and gives each result to take, which says whether to go on.
func follow(id string, after *string, take func(result) bool) (done bool, err error) {
	body, err := json.Marshal(map[string]any{
		"query":     watchDocument,
		"variables": map[string]any{"id": id, "after": after},
	})
	if err != nil {
		return false, err
	}
	request, err := http.NewRequest("POST", strings.TrimRight(os.Getenv("GAUGELINE_URL"), "/")+"/graphql", bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("GAUGELINE_TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if response.StatusCode == 401 || response.StatusCode == 403 {
		return false, refused{"UNAUTHENTICATED", fmt.Sprintf("the token was refused (%d)", response.StatusCode)}
	}
	if response.StatusCode != 200 {
		return false, fmt.Errorf("the server answered %s", response.Status)
	}
	watchdog := time.AfterFunc(silence, func() { response.Body.Close() })
	defer watchdog.Stop()
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
			if len(update.Errors) > 0 {
				return false, refused{update.Errors[0].Extensions.Code, update.Errors[0].Message}
			}
			if !take(update) {
				return true, nil
			}
		}
	}
	return false, lines.Err()
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run watch.go DEPLOYMENT_ID [COUNT]")
		os.Exit(2)
	}
	count := -1
	if len(os.Args) > 2 {
		count, _ = strconv.Atoi(os.Args[2])
	}
	var cursor *string
	seen, attempt := 0, 0
	for {
		done, err := follow(os.Args[1], cursor, func(update result) bool {
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
		if errors.As(err, &refusal) && refusal.code != "UNAVAILABLE" {
			if refusal.code == "NOT_FOUND" && seen > 0 {
				return // Deleted: there is no more to come.
			}
			fmt.Fprintln(os.Stderr, "refused:", refusal.message)
			os.Exit(1)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "lost the connection:", err)
		}
		// Not all at once: each client waits a random part of a growing time.
		limit := 30.0
		if attempt < 6 {
			limit = 0.5 * float64(int(1)<<attempt)
		}
		time.Sleep(time.Duration(rand.Float64() * limit * float64(time.Second)))
		attempt++
	}
}
