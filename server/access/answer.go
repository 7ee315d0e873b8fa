package access

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"
)

// answer notes what is answered.
type answer struct {
	http.ResponseWriter

	route   string // the pattern that was found; empty: none
	project string // the id of what it was about; empty: nothing, or it was refused
	status  int    // 0: nothing is written yet
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) { // others come before the answer
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Flush is for who asks for an http.Flusher.
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// end answers for a handler that panicked and logs the request.
func (rt *Router) end(a *answer, r *http.Request, start time.Time) {
	v := recover()
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		rt.log(a, r, start)
		panic(v) // a handler's way to break a connection
	}
	if v == nil {
		rt.log(a, r, start)
		return
	}
	rt.cfg.Log.Error("a handler panicked", "route", a.route, "panic", describe(v), "stack", string(debug.Stack()))
	if a.status != 0 { // too late to say so: what breaks off is not taken for whole
		rt.log(a, r, start)
		panic(http.ErrAbortHandler)
	}
	Fail(a, http.StatusInternalServerError, Problem{Code: "internal", Message: "the server has a fault: its log says where"})
	rt.log(a, r, start)
}

// describe says what a panic is about without the data that may be in it.
func describe(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a %T", v)
}

func (rt *Router) log(a *answer, r *http.Request, start time.Time) {
	if !rt.cfg.Log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	route, status := a.route, a.status
	if route == "" {
		route = "none"
	}
	if status == 0 {
		status = http.StatusOK // of an answer without content
	}
	rt.cfg.Log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("route", route), slog.Int("status", status),
		slog.Duration("took", rt.cfg.Now().Sub(start)), slog.String("project", a.project))
}
