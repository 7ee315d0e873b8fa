package child

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Get asks the server's API and reads the answer into to.
func (s *Server) Get(ctx context.Context, path string, to any) error {
	return s.ask(ctx, path, func(body io.Reader) error { return json.NewDecoder(body).Decode(to) })
}

// Counters reads the values of a metric, by their labels as /metrics has them.
func (s *Server) Counters(ctx context.Context, metric string) (map[string]float64, error) {
	values := map[string]float64{}
	return values, s.ask(ctx, "/metrics", func(body io.Reader) error {
		lines := bufio.NewScanner(body)
		for lines.Scan() {
			labels, found := strings.CutPrefix(lines.Text(), metric)
			labels, number, ok := strings.Cut(labels, " ")
			if !found || !ok || labels != "" && labels[0] != '{' {
				continue
			}
			value, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return err
			}
			values[labels] = value
		}
		return lines.Err()
	})
}

func (s *Server) ask(ctx context.Context, path string, read func(io.Reader) error) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	return read(answer.Body)
}

// Page is what we read of a list.
type Page struct {
	Traces []struct {
		ID    string `json:"trace_id"`
		Spans int    `json:"spans"`
	} `json:"traces"`
	Next *string `json:"next"`
}

// Stored adds up the spans of all traces, and calls each for every trace.
func (s *Server) Stored(ctx context.Context, each func(id string, spans int)) (spans int, err error) {
	cursor := ""
	for {
		query := url.Values{"limit": {"200"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var p Page
		if err := s.Get(ctx, "/api/projects/"+Project+"/traces?"+query.Encode(), &p); err != nil {
			return 0, err
		}
		for _, t := range p.Traces {
			spans += t.Spans
			each(t.ID, t.Spans)
		}
		if p.Next == nil || *p.Next == "" {
			return spans, nil
		}
		cursor = *p.Next
	}
}
