package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

const eventStream = "text/event-stream"

const (
	beatEvery   = 15 * time.Second // of comments, so that proxies keep a quiet view open
	judgeEvery  = time.Second      // how long a view may go on without asking whether it still may
	liveWriteIn = 10 * time.Second // who takes longer for one commit is dropped
	retryAfter  = 2 * time.Second  // before a browser comes again
)

// liveOperations are the views of what happens now.
func (a *API) liveOperations() []operation {
	query := []parameter{{name: "after", kind: "integer", about: "go on behind this commit, such as that of a list's ETag; Last-Event-ID goes before it, and without either it is from now on"}}
	live := func(path, id, summary string) operation {
		return operation{
			Route: access.Route{Method: http.MethodGet, Path: path, Need: access.Read},
			id:    id, topic: "live", summary: summary, query: query, media: eventStream, missing: noTrace, endless: true,
		}
	}
	project := live("/api/projects/{p}/live", "watchTraces", "Sends trace with the summary of each trace that changes, deleted, and reset when changes were missed")
	project.do = func(c *call) (any, error) { return a.watch(c, "") }
	trace := live("/api/projects/{p}/traces/{id}/live", "watchTrace", "Sends trace with the summary, span with each span that is new or has ended, deleted, and reset when changes were missed")
	trace.do = func(c *call) (any, error) {
		id, err := c.trace()
		if err != nil {
			return nil, err
		}
		if _, err := a.cfg.Store.Trace(c.ctx(), c.project(), id, store.TraceOptions{MaxSpans: 1}); err != nil {
			return nil, err
		}
		return a.watch(c, id)
	}
	return []operation{project, trace}
}

// streams counts the live views that are open.
type streams struct {
	mu                 sync.Mutex
	most, mostOfCaller int
	open               int
	of                 map[string]int
}

func (s *streams) init(most, mostOfCaller int) {
	s.most, s.mostOfCaller, s.of = most, mostOfCaller, map[string]int{}
}

func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// take makes room for one more view, which release gives back.
func (s *streams) take(caller string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.most {
		return nil, refused(http.StatusTooManyRequests, "streams", "%d live views are open: no more", s.open)
	}
	if s.of[caller] >= s.mostOfCaller {
		return nil, refused(http.StatusTooManyRequests, "streams", "you have %d live views open: no more", s.of[caller])
	}
	s.open++
	s.of[caller]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if s.of[caller]--; s.of[caller] == 0 {
			delete(s.of, caller)
		}
	}, nil
}

// callerOf is who a view counts against.
func callerOf(g access.Grant) string {
	if t, ok := g.Token(); ok {
		return "token " + t.ID
	}
	if u, ok := g.User(); ok {
		return "user " + u.ID
	}
	return "address " + g.Address().String()
}

// watch answers with what is committed, of one trace or with "" of all, until somebody ends it: the client, who has
// gone or reads too slowly, the server, or whoever took the right to read away.
func (a *API) watch(c *call, trace span.TraceID) (any, error) {
	after, given, err := c.lastCommit()
	if err != nil {
		return nil, err
	}
	if a.draining.Err() != nil {
		return nil, refused(http.StatusServiceUnavailable, "draining", "the server is about to stop")
	}
	release, err := a.streams.take(callerOf(c.g))
	if err != nil {
		return nil, err
	}
	defer release()
	from := after
	if from == 0 {
		from = math.MaxUint64 // no commit has that number, so a reset tells the latest one at once
	}
	sub, err := a.cfg.Store.Subscribe(c.project(), from, trace)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(c.ctx())
	defer cancel()
	defer context.AfterFunc(a.draining, cancel)()

	h := c.w.Header()
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	v := view{w: c.w, control: http.NewResponseController(c.w), grant: c.g, sub: sub, judged: time.Now(), withSpans: trace != ""}
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method == http.MethodHead {
		return answered{}, nil
	}
	if err := v.run(ctx, after == 0, given); ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
		a.cfg.Log.Debug("a live view ended", "error", err)
	}
	return answered{}, nil
}

// lastCommit is the commit behind which a client wants to go on. 0 is that of an empty project.
func (c *call) lastCommit() (after uint64, given bool, err error) {
	field, text := "Last-Event-ID", c.r.Header.Get("Last-Event-ID")
	if text == "" {
		if field, text = "after", c.query.Get("after"); text == "" {
			return 0, false, nil
		}
	}
	after, err = strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, false, invalid(field, "want the number of a commit")
	}
	return after, true, nil
}

// view is one client who watches.
type view struct {
	w         io.Writer
	control   *http.ResponseController
	grant     access.Grant
	sub       store.Subscription
	judged    time.Time // when the grant was last looked at
	withSpans bool
	buf       bytes.Buffer
}

// run sends events until an error ends it. latest says that the subscription will begin with a reset that tells the
// latest commit, given that the client has seen an empty project.
func (v *view) run(ctx context.Context, latest, given bool) error {
	v.buf.WriteString("retry: " + strconv.FormatInt(retryAfter.Milliseconds(), 10) + "\n\n")
	if latest {
		if err := v.begin(ctx, given); err != nil {
			return err
		}
	}
	if err := v.flush(); err != nil {
		return err
	}
	for {
		event, err := v.next(ctx)
		switch {
		case err == nil:
			v.write(&event)
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			v.buf.WriteString(":\n\n")
		default:
			return err
		}
		if time.Since(v.judged) >= judgeEvery {
			if err := v.grant.Still(ctx); err != nil {
				return err
			}
			v.judged = time.Now()
		}
		if err := v.flush(); err != nil {
			return err
		}
	}
}

// next waits for a commit, or until it is time for a comment.
func (v *view) next(ctx context.Context) (store.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	return v.sub.Next(ctx)
}

// begin says where the view begins, so that a client who loses it before the first event can go on from there.
func (v *view) begin(ctx context.Context, given bool) error {
	event, err := v.next(ctx)
	switch {
	case err != nil:
	case given && event.Commit > 0: // the project was empty and is not any more
		v.write(&event)
	default:
		v.id(event.Commit)
		v.buf.WriteByte('\n')
	}
	return err
}

func (v *view) flush() error {
	if err := v.control.SetWriteDeadline(time.Now().Add(liveWriteIn)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := v.buf.WriteTo(v.w); err != nil {
		return err
	}
	return v.control.Flush()
}

// goneTrace is a trace that was deleted.
type goneTrace struct {
	TraceID span.TraceID `json:"trace_id"`
}

// spanRow is a row of a skeleton.
type spanRow struct {
	TraceID span.TraceID `json:"trace_id"`
	ID      span.ID      `json:"id"`
	Parent  span.ID      `json:"parent"`
	Name    string       `json:"name"`
	Type    string       `json:"type"`
	Service string       `json:"service"`
	Model   string       `json:"model"`
	Start   time.Time    `json:"start"`
	StartNS int64        `json:"start_ns"` // after the start of the trace in the trace event before it
	DurNS   int64        `json:"dur_ns"`
	Status  string       `json:"status"`
	Tokens  *tokens      `json:"tokens"`
	Cost    *float64     `json:"cost"`
	Event   bool         `json:"event"`
	Clock   bool         `json:"clock"`
}

// write adds the events of a commit. Only the last has its number: who loses the connection in between gets it again.
func (v *view) write(e *store.Event) {
	reset := e.Reset
	for i := range e.Traces {
		change := &e.Traces[i]
		if change.Deleted {
			v.event("deleted", goneTrace{change.Trace.TraceID})
			continue
		}
		v.event("trace", summaryOf(&change.Trace))
		if !v.withSpans {
			continue
		}
		if n := len(change.Rows); n > store.RingSize || n == 0 && change.Trace.Spans > store.RingSize {
			reset = true // too many rows to list; perhaps, where there are none
			continue
		}
		for j := range change.Rows {
			v.event("span", rowOf(&change.Trace, &change.Rows[j]))
		}
	}
	if reset {
		v.event("reset", struct{}{})
	}
	if v.buf.Len() > 0 {
		v.buf.Truncate(v.buf.Len() - 1) // the blank line behind the last event
	}
	v.id(e.Commit)
	v.buf.WriteByte('\n')
}

func (v *view) id(commit uint64) {
	v.buf.WriteString("id: ")
	v.buf.WriteString(strconv.FormatUint(commit, 10))
	v.buf.WriteByte('\n')
}

// event adds one event. JSON has no line breaks but the one at its end.
func (v *view) event(name string, data any) {
	text, err := encode(data)
	if err != nil { // texts and numbers always encode
		panic(err)
	}
	v.buf.WriteString("event: " + name + "\ndata: ")
	v.buf.Write(text)
	v.buf.WriteByte('\n')
}

func rowOf(t *store.Summary, r *store.Row) spanRow {
	row := spanRow{
		TraceID: t.TraceID, ID: r.ID, Parent: r.Parent, Name: r.Name, Type: r.Type, Service: r.Service, Model: r.Model,
		Start: time.Unix(0, r.Start).UTC(), StartNS: r.Start - t.Start.UnixNano(), DurNS: r.Dur, Status: r.Status.String(),
		Cost: usd(r.Cost), Event: r.Event, Clock: r.Clock,
	}
	if r.Tokens != (span.Tokens{}) {
		row.Tokens = new(tokensOf(r.Tokens))
	}
	return row
}
