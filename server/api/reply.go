package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
)

// writeFor is how long a client may take to read an answer, or one piece of a stream.
const writeFor = 30 * time.Second

// answered is returned by an operation that has written its answer itself.
type answered struct{}

// tagged is an answer that carries an ETag: the number of the commit that it has seen.
type tagged struct {
	commit uint64
	body   any
}

// appender writes itself as JSON, where encoding/json would take too long.
type appender interface{ appendJSON(buf []byte) []byte }

// serve answers one request.
func (a *API) serve(o *operation, w http.ResponseWriter, r *http.Request, g access.Grant) {
	if !o.endless {
		ctx, cancel := context.WithTimeout(r.Context(), a.cfg.Timeout)
		defer cancel()
		r = r.WithContext(ctx)
	}
	reply, err := a.answer(o, w, r, g)
	if err == nil {
		err = a.reply(o, w, r, reply)
	}
	if err != nil {
		a.fail(o, w, r, err)
	}
}

func (a *API) answer(o *operation, w http.ResponseWriter, r *http.Request, g access.Grant) (any, error) {
	query, err := o.checkQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	return o.do(&call{w: w, r: r, g: g, query: query})
}

// fail answers with what an error becomes.
func (a *API) fail(o *operation, w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // who has gone needs no answer
	}
	var limit *access.LimitError
	if errors.As(err, &limit) {
		access.FailLimit(w, limit)
		return
	}
	status, p := o.problemOf(err)
	if status == http.StatusInternalServerError {
		a.cfg.Log.Error("a request failed", "operation", o.id, "error", err)
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	access.Fail(w, status, p)
}

// reply writes what an operation answers.
func (a *API) reply(o *operation, w http.ResponseWriter, r *http.Request, reply any) error {
	switch reply := reply.(type) {
	case answered:
		return nil
	case nil:
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(o.succeeds())
		return nil
	case tagged:
		body, err := encode(reply.body)
		if err != nil {
			return err
		}
		tag := etag(reply.commit, body)
		h := w.Header()
		h.Set("ETag", tag)
		h.Set("Cache-Control", "private, no-cache")
		if matches(r.Header.Values("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		write(w, o.succeeds(), body)
		return nil
	}
	body, err := encode(reply)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	write(w, o.succeeds(), body)
	return nil
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	extend(w)
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON that says so, with nosniff: never HTML. Who has gone needs no answer
}

// extend gives a client time to read what comes next. Writers that know no deadline are those of tests.
func extend(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeFor))
}

// encode is body as JSON with a line break. Text is not escaped for HTML: no answer is ever shown as HTML.
func encode(body any) ([]byte, error) {
	if fast, ok := body.(appender); ok {
		return append(fast.appendJSON(nil), '\n'), nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return nil, fmt.Errorf("api: encoding an answer: %w", err)
	}
	return b.Bytes(), nil
}

var tagSeed = maphash.MakeSeed()

// etag names an answer: the number of its commit, then a hash. The hash is there because an answer may change without a
// commit, when a trace becomes incomplete by being quiet, and because a memory store counts from 1 again. It is weak,
// since compression changes the bytes and not the meaning.
func etag(commit uint64, body []byte) string {
	return fmt.Sprintf(`W/"%d-%x"`, commit, maphash.Bytes(tagSeed, body))
}

// matches compares weakly, as RFC 9110, section 13.1.2, wants of If-None-Match.
func matches(headers []string, tag string) bool {
	want := strings.TrimPrefix(tag, "W/")
	for _, header := range headers {
		for one := range strings.SplitSeq(header, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == want {
				return true
			}
		}
	}
	return false
}
