package serve

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// project makes a project on the folder of a server, and a token that may all of it.
func project(t *testing.T, dir string) (token string) {
	t.Helper()
	db, err := meta.Open(meta.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := db.CreateProject(t.Context(), "support", store.Limits{}); err != nil {
		t.Fatal(err)
	}
	_, token, err = db.CreateToken(t.Context(), meta.Token{Project: "support", Scope: meta.ScopeIngest | meta.ScopeRead, Label: "the-token"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestSlowClientsHurtNobody opens hundreds of connections that do as little as they can, in every way, and holds that
// healthy requests are answered as if these were not there.
func TestSlowClientsHurtNobody(t *testing.T) {
	dir := t.TempDir()
	token := project(t, dir)
	url, stop := start(t, Config{Data: dir, Drain: time.Second})
	address := strings.TrimPrefix(url, "http://")
	client := &http.Client{Transport: &http.Transport{}}
	ask := func(method, path, body string) time.Duration {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		began := time.Now()
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d", method, path, resp.StatusCode)
		}
		return time.Since(began)
	}
	spans := func(i int) string {
		at := time.Now().UTC().Format(time.RFC3339Nano)
		return fmt.Sprintf(`{"spans":[{"traceId":"%x","spanId":"1","name":"run","spanType":"agent_run","startedAt":%q,"endedAt":%q}]}`, i+1, at, at)
	}
	// healthy asks as a client who is in no hurry does, and returns the slowest of most answers.
	healthy := func(round int) time.Duration {
		var all []time.Duration
		for i := range 50 {
			all = append(all,
				ask(http.MethodPost, "/ai/spans/publish", spans(100*round+i)),
				ask(http.MethodGet, "/api/projects/support/traces?limit=50", ""))
		}
		slices.Sort(all)
		return all[len(all)*9/10]
	}
	alone := healthy(0)

	auth := "Host: localhost\r\nAuthorization: Bearer " + token + "\r\n"
	wants := []string{
		"POST /ai/spans/publish HTTP/1.1\r\nHo",                                                   // half a header
		"POST /ai/spans/publish HTTP/1.1\r\n" + auth + "Content-Length: 1000000\r\n\r\n{\"spans",  // a body that stops
		"POST /v1/traces HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",    // the same in chunks
		strings.Repeat("GET /api/projects/support/traces?limit=200 HTTP/1.1\r\n"+auth+"\r\n", 20), // answers that nobody reads
		"GET /api/projects/support/live HTTP/1.1\r\n" + auth + "\r\n",                             // a live view that nobody reads
		"", // nothing at all
	}
	var dialer net.Dialer
	var slow []net.Conn
	defer func() {
		for _, c := range slow {
			_ = c.Close()
		}
	}()
	for i := range 300 {
		c, err := dialer.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
		if _, err := io.WriteString(c, wants[i%len(wants)]); err != nil {
			t.Fatal(err)
		}
	}
	beside := healthy(1)
	// No figure: a machine that tests is busy. What hung would take seconds.
	if beside > max(20*alone, time.Second) {
		t.Errorf("nine in ten answers take up to %v beside slow clients, and %v without", beside, alone)
	}
	t.Logf("nine in ten answers take up to %v beside %d slow clients, and %v without", beside, len(slow), alone)
	client.CloseIdleConnections()
	for _, c := range slow {
		_ = c.Close()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
