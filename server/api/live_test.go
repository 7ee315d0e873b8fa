package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// screen is the client of a live view.
type screen struct {
	mu       sync.Mutex
	header   http.Header
	text     strings.Builder
	deadline time.Time
	stuck    bool // reads nothing any more
	flushes  int
}

func (s *screen) Header() http.Header { return s.header }
func (s *screen) WriteHeader(int)     {}
func (s *screen) Flush()              { s.mu.Lock(); s.flushes++; s.mu.Unlock() }

func (s *screen) SetWriteDeadline(t time.Time) error {
	s.deadline = t
	return nil
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	stuck := s.stuck
	s.mu.Unlock()
	if stuck {
		time.Sleep(time.Until(s.deadline))
		return 0, os.ErrDeadlineExceeded
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// take returns what has come since the last call.
func (s *screen) take() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.text.String()
	s.text.Reset()
	return commitID.ReplaceAllStringFunc(text, func(id string) string {
		n, _ := strconv.ParseUint(id[len("id: "):], 10, 64)
		return fmt.Sprintf("id: %d", n-firstCommit)
	})
}

// firstCommit is the number behind which the stores of a bubble count: the time when it begins, so that one that is
// opened again goes on behind what it said before.
const firstCommit = 946684800000000

var commitID = regexp.MustCompile(`id: \d+`)

// commit is the number of the n-th commit of a bubble.
func commit(n int) string { return strconv.Itoa(firstCommit + n) }

// watch opens a live view with the token read; ended is closed when it is over.
func (r *rig) watch(ctx context.Context, path string, headers ...string) (s *screen, ended chan struct{}) {
	s, ended = &screen{header: http.Header{}}, make(chan struct{})
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	req.Header.Set("Authorization", "Bearer "+r.tokens["read"])
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	go func() {
		defer close(ended)
		r.router.ServeHTTP(s, req)
	}()
	return s, ended
}

const liveA = "/api/projects/a/live"

// inBubble runs a test with a rig whose time stands still while somebody works.
func inBubble(t *testing.T, test func(t *testing.T, r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx := t.Context()
		test(t, r)
		r.api.Drain()
		synctest.Wait()
		if n := r.api.streams.count(); n != 0 || ctx.Err() != nil {
			t.Errorf("%d live views are left", n)
		}
	})
}

func TestLiveTellsWhatIsCommitted(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.trace("a", id1, "before", noon.Add(-time.Minute))
		s, _ := r.watch(t.Context(), liveA)
		if got := s.take(); got != "retry: 2000\n\nid: 1\n\n" {
			t.Errorf("a view begins with %q", got)
		}
		if s.header.Get("Content-Type") != eventStream || s.header.Get("Cache-Control") != "no-store" || s.header.Get("Content-Encoding") != "" {
			t.Errorf("headers %v", s.header)
		}
		r.trace("a", id2, "line\nbreak", noon.Add(-time.Second))
		r.trace("b", id1, "theirs", noon.Add(-time.Second))
		got := s.take()
		if !strings.HasPrefix(got, "event: trace\ndata: {\"trace_id\":\""+id2+"\",\"name\":\"line\\nbreak\"") || !strings.HasSuffix(got, "}\nid: 2\n\n") || strings.Count(got, "event:") != 1 {
			t.Errorf("a commit is %q", got)
		}
		if _, err := r.store.Delete(t.Context(), "a", id2); err != nil {
			t.Fatal(err)
		}
		if got := s.take(); got != "event: deleted\ndata: {\"trace_id\":\""+id2+"\"}\nid: 3\n\n" {
			t.Errorf("a deletion is %q", got)
		}
	})
}

func TestLiveOfATraceHasItsSpans(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		s, _ := r.watch(t.Context(), traceA+"/"+id1+"/live")
		s.take()
		r.trace("a", id2, "another", noon.Add(-time.Second))
		if got := s.take(); got != "" {
			t.Errorf("another trace: %q", got)
		}
		r.append("a", &store.Batch{Spans: []store.Item{{Span: &span.Span{TraceID: id1, ID: "7", ParentID: "1", Name: "late", Type: span.TypeToolCall, Start: noon.Add(-59 * time.Second), End: noon}}}})
		got := s.take()
		if strings.Count(got, "event: trace\n") != 1 || strings.Count(got, "event: span\n") != 1 || !strings.Contains(got, `"start":"2026-11-22T11:59:01Z","start_ns":1000000000,"dur_ns":59000000000`) || !strings.HasSuffix(got, "id: 3\n\n") {
			t.Errorf("a span: %q", got)
		}
		many := make([]store.Item, store.RingSize+1)
		for i := range many {
			many[i].Span = &span.Span{TraceID: id1, ID: span.ID(fmt.Sprintf("%x", i+100)), ParentID: "1", Name: "n", Start: noon, End: noon}
		}
		r.append("a", &store.Batch{Spans: many})
		if got := s.take(); strings.Count(got, "event: span") != 0 || !strings.Contains(got, "event: reset\n") {
			t.Errorf("more spans than are told: %.300q", got)
		}
		if w := r.get("read", traceA+"/ff/live"); w.Code != http.StatusNotFound {
			t.Errorf("an unknown trace: %d", w.Code)
		}
	})
}

func TestLiveGoesOnWhereItWas(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		for i := range 5 {
			r.trace("a", idOf(i), "answer", noon.Add(-time.Minute))
		}
		for _, c := range []struct {
			path, header string
			want         []string
		}{
			{liveA, commit(3), []string{"id: 4\n", "id: 5\n"}},
			{liveA + "?after=" + commit(3), "", []string{"id: 4\n", "id: 5\n"}},
			{liveA + "?after=" + commit(1), commit(4), []string{"id: 5\n"}},
			{liveA, commit(5), nil},
			{liveA + "?after=0", "", []string{"event: reset\n", "id: 5\n"}}, // seen when the project was empty
			{liveA, commit(99), []string{"event: reset\n", "id: 5\n"}},      // of a store that was lost
		} {
			s, _ := r.watch(t.Context(), c.path, "Last-Event-ID", c.header)
			got := s.take()
			rest := got
			for _, want := range c.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Errorf("%s, Last-Event-ID %s: %q, want %q", c.path, c.header, got, c.want)
				}
				rest = after
			}
			if strings.Count(got, "id: ") != strings.Count(strings.Join(c.want, ""), "id: ") {
				t.Errorf("%s, Last-Event-ID %s: %q, want %q", c.path, c.header, got, c.want)
			}
		}
		for i := range store.RingSize + 10 {
			r.trace("a", idOf(100+i), "answer", noon.Add(-time.Minute))
		}
		s, _ := r.watch(t.Context(), liveA, "Last-Event-ID", commit(2))
		if got := s.take(); !strings.Contains(got, "event: reset\ndata: {}\nid: 1015\n\n") || strings.Contains(got, "event: trace") {
			t.Errorf("beyond the ring: %.300q", got)
		}
		if w := r.get("read", liveA, "Last-Event-ID", "x"); w.Code != http.StatusBadRequest {
			t.Errorf("Last-Event-ID x: %d", w.Code)
		}
	})
}

func TestLiveIsKeptOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		s, _ := r.watch(t.Context(), liveA)
		s.take()
		time.Sleep(beatEvery - 1)
		if got := s.take(); got != "" {
			t.Errorf("before its time: %q", got)
		}
		time.Sleep(time.Nanosecond)
		if got := s.take(); got != ":\n\n" {
			t.Errorf("after %v: %q", beatEvery, got)
		}
		time.Sleep(time.Hour)
		if got := s.take(); got != strings.Repeat(":\n\n", 240) {
			t.Errorf("in an hour: %q", got)
		}
	})
}

func TestLiveEnds(t *testing.T) {
	over := func(ended chan struct{}) bool {
		synctest.Wait()
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}
	t.Run("with its client", func(t *testing.T) {
		inBubble(t, func(t *testing.T, r *rig) {
			ctx, cancel := context.WithCancel(t.Context())
			_, ended := r.watch(ctx, liveA)
			if over(ended) {
				t.Error("too early")
			}
			cancel()
			if !over(ended) {
				t.Error("it goes on without a client")
			}
		})
	})
	t.Run("with the server", func(t *testing.T) {
		inBubble(t, func(t *testing.T, r *rig) {
			_, ended := r.watch(t.Context(), liveA)
			r.api.Drain()
			if !over(ended) {
				t.Error("it goes on after Drain")
			}
			if w := r.get("read", liveA); w.Code != http.StatusServiceUnavailable {
				t.Errorf("a new one: %d", w.Code)
			}
		})
	})
	t.Run("with the store", func(t *testing.T) {
		inBubble(t, func(t *testing.T, r *rig) {
			_, ended := r.watch(t.Context(), liveA)
			if err := r.store.Close(); err != nil {
				t.Fatal(err)
			}
			if !over(ended) {
				t.Error("it goes on after Close")
			}
		})
	})
	t.Run("with the token", func(t *testing.T) {
		inBubble(t, func(t *testing.T, r *rig) {
			s, ended := r.watch(t.Context(), liveA)
			s.take()
			tokens, err := r.meta.Tokens(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			for _, token := range tokens {
				if err := r.meta.RevokeToken(t.Context(), "a", token.ID); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(judgeEvery)
			r.trace("a", id1, "secret", noon.Add(-time.Minute))
			if got := s.take(); got != "" || !over(ended) {
				t.Errorf("after the token was revoked: %q", got)
			}
		})
	})
	t.Run("when nobody reads", func(t *testing.T) {
		inBubble(t, func(t *testing.T, r *rig) {
			s, ended := r.watch(t.Context(), liveA)
			s.take()
			s.mu.Lock()
			s.stuck = true
			s.mu.Unlock()
			r.trace("a", id1, "answer", noon.Add(-time.Minute))
			time.Sleep(liveWriteIn - 1)
			if over(ended) {
				t.Error("too early")
			}
			time.Sleep(time.Nanosecond)
			if !over(ended) {
				t.Errorf("it goes on though nobody has read for %v", liveWriteIn)
			}
		})
	})
}

func TestLiveViewsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.MaxStreams, c.MaxCallerStreams = 3, 2 })
		ctx, cancel := context.WithCancel(t.Context())
		for range 2 {
			r.watch(ctx, liveA)
			synctest.Wait() // one at a time: SQLite waits for a lock by sleeping, which a bubble takes for having nothing to do
		}
		w := r.get("read", liveA)
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("a third of one token: %d %s", w.Code, w.Body)
		}
		r.watch(t.Context(), liveA, "Authorization", "Bearer "+r.tokens["admin"])
		synctest.Wait()
		if w := r.get("root", liveA); w.Code != http.StatusTooManyRequests {
			t.Errorf("a fourth of all: %d", w.Code)
		}
		cancel()
		synctest.Wait()
		if n := r.api.streams.count(); n != 1 || len(r.api.streams.of) != 1 {
			t.Errorf("%d views, of %v; want 1", n, r.api.streams.of)
		}
		r.api.Drain() // a view that goes on would keep the bubble's clock going
	})
}
