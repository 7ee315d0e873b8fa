package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tailrace-go/tailrace/server/internal/child"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What a round compares is worth something: one that loses a span fails. telemetrygen itself is not needed for that.
func TestALostSpanIsFound(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	binary := filepath.Join(t.TempDir(), "tailrace")
	if err := child.Build(t.Context(), binary); err != nil {
		t.Fatal(err)
	}
	for lost, want := range map[int]string{0: "40 spans generated, 40 stored in 20 whole traces", 1: `{state="stored"}: 39`} {
		r := round{"by hand", func(ctx context.Context, _ io.Writer, c config, _ string, s *child.Server) error {
			return post(ctx, s, c.spans-lost)
		}}
		var out strings.Builder
		s := &child.Server{Binary: binary, Dir: t.TempDir(), Sync: "full"}
		err := play(t.Context(), &out, config{spans: 40}, "http", r, s)
		if said := fmt.Sprint(out.String(), err); !strings.Contains(said, want) || (err != nil) != (lost > 0) {
			t.Errorf("%d spans lost: %s", lost, said)
		}
	}
}

// post sends spans in traces of two.
func post(ctx context.Context, s *child.Server, n int) error {
	var spans []string
	for i := range n {
		spans = append(spans, fmt.Sprintf(`{"traceId":"%032x","spanId":"%016x","name":"n","startTimeUnixNano":"1","endTimeUnixNano":"2"}`, i/perTrace+1, i+1))
	}
	body := `{"resourceSpans":[{"scopeSpans":[{"spans":[` + strings.Join(spans, ",") + `]}]}]}`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/v1/traces", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.Token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it is empty
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("POST: %s", answer.Status)
	}
	return nil
}

func TestOptionsAreChecked(t *testing.T) {
	for option, want := range map[string]string{
		"-spans=17":         "a multiple of 16",
		"-workers=0":        "at least 1",
		"-rate=3":           "at least as much",
		"-protocol=thrift":  "http, grpc or both",
		"-telemetrygen=x y": "",
	} {
		if _, err := parse([]string{option}); (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", option, err)
		}
	}
}
