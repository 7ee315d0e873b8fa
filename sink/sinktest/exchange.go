package sinktest

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// statusOverLimit answers the requests over Config.MaxRequests. No real server sends it.
const statusOverLimit = 599

var publishPath = regexp.MustCompile(`^/(projects/[a-zA-Z0-9_-]+/)?(ai/spans/publish)?$`)

// exchange is one request while it is served. It belongs to the goroutine of its handler.
type exchange struct {
	c       *Collector
	w       http.ResponseWriter
	r       *http.Request // its context ends with the client and with Close
	request *Request      // under c.mu from begin on
	body    io.Reader     // r.Body, which SlowRead slows down
	conn    net.Conn      // not nil once taken from net/http
	counted bool          // the ledger knows what became of the records

	loaded  bool
	content content
	refusal *refusal // why content is empty
}

// ServeHTTP serves one request as the faults say, or as a healthy collector does.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	x, overLimit := c.begin(w, r.WithContext(ctx))
	defer x.end()
	if overLimit {
		x.respond(statusOverLimit, "text/plain", []byte("sinktest: over Config.MaxRequests\n"))
		return
	}
	if fault := c.plan.next(*x.request); fault != nil && fault(x) {
		return
	}
	x.serve()
}

// begin records the request. After Close it breaks the connection instead.
func (c *Collector) begin(w http.ResponseWriter, r *http.Request) (x *exchange, overLimit bool) {
	key := r.Header.Get("Idempotency-Key")
	request := &Request{
		Time: time.Now(), Method: r.Method, Path: r.URL.Path, Host: r.Host, Header: r.Header.Clone(), Key: key,
	}
	if c.config.AcceptEncoding != "" {
		w.Header().Set("Accept-Encoding", c.config.AcceptEncoding)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		panic(http.ErrAbortHandler)
	}
	c.running.Add(1)
	c.count++
	request.N = c.count
	x = &exchange{c: c, w: w, r: r, request: request}
	x.body = &countingReader{r: r.Body, c: c, n: &request.EncodedBytes}
	if limit := c.config.MaxRequests; limit > 0 && c.count > limit {
		if c.count == limit+1 {
			c.errs = append(c.errs, fmt.Errorf("sinktest: more than Config.MaxRequests = %d requests", limit))
		}
		return x, true
	}
	c.attempts[key]++
	request.Attempt = c.attempts[key]
	if !c.config.IDsOnly {
		c.requests = append(c.requests, request)
	}
	return x, false
}

// end runs also when a fault panics to break the connection.
func (x *exchange) end() {
	if !x.counted {
		x.c.store.unread()
	}
	if x.conn != nil {
		_ = x.conn.Close() // it may be closed or reset already
		x.c.forget(x.conn)
	}
	x.c.running.Done()
}

// note changes the record of the request.
func (x *exchange) note(change func(*Request)) {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	change(x.request)
}

// load reads the body and finds its records, once.
func (x *exchange) load() {
	if x.loaded {
		return
	}
	x.loaded = true
	var decoded []byte
	decoded, x.refusal = x.c.coders.decode(contentCoding(x.r.Header), x.body)
	if x.refusal != nil {
		return
	}
	x.content, x.refusal = parse(x.r.Header, decoded)
	x.note(func(r *Request) {
		r.DecodedBytes = int64(len(decoded))
		r.Records = x.content.size()
	})
}

// admit is the part of a healthy collector's judgement that needs no body.
func (x *exchange) admit() *refusal {
	switch {
	case !publishPath.MatchString(x.r.URL.Path) && !slices.Contains(x.c.config.Paths, x.r.URL.Path):
		return refuse(http.StatusNotFound, "no such path")
	case x.r.Method != http.MethodPost:
		x.w.Header().Set("Allow", http.MethodPost)
		return refuse(http.StatusMethodNotAllowed, "not a POST")
	case !x.authorized():
		x.w.Header().Set("WWW-Authenticate", "Bearer")
		return refuse(http.StatusUnauthorized, "no token, or not the right one")
	}
	return nil
}

func (x *exchange) authorized() bool {
	if x.c.config.Token == "" {
		return true
	}
	want := "Bearer " + x.c.config.Token
	return subtle.ConstantTimeCompare([]byte(x.r.Header.Get("Authorization")), []byte(want)) == 1
}

// accept stores what the request carries, but for the last reject records, and returns the
// body of an honest answer. It is false when the healthy collector would have refused the
// request: then it has done so.
func (x *exchange) accept(reject int, message string) (answer []byte, ok bool) {
	x.load()
	why := x.admit()
	if why == nil {
		why = x.refusal
	}
	if why != nil {
		x.reject()
		x.explain(why)
		return nil, false
	}
	x.counted = true
	rest, why := x.c.store.accept(x.request, x.content, reject, message)
	if why != nil {
		x.explain(why)
		return nil, false
	}
	return rest.answer(), true
}

// reject reads the body too, so that the account knows what was turned away.
func (x *exchange) reject() {
	x.load()
	if x.refusal == nil && !x.counted {
		x.counted = true
		x.c.store.reject(x.content.size())
	}
}

// settle accepts for a 2xx code and rejects for any other. It is false as accept is.
func (x *exchange) settle(code int) (answer []byte, ok bool) {
	if code/100 == 2 {
		return x.accept(0, "")
	}
	x.reject()
	return nil, true
}

// serve does what a healthy collector does.
func (x *exchange) serve() {
	if answer, ok := x.accept(0, ""); ok {
		x.respond(http.StatusOK, "application/json", answer)
	}
}

// explain answers with a refusal.
func (x *exchange) explain(why *refusal) {
	if why.code == http.StatusUnsupportedMediaType {
		x.w.Header().Set("Accept-Encoding", codings)
	}
	body, err := json.Marshal(map[string]string{"error": why.message})
	if err != nil {
		panic(err) // a map of strings always has JSON
	}
	x.respond(why.code, "application/json", body)
}

// respond sends a whole answer. A client that has gone away does not get it, and is not an error.
func (x *exchange) respond(code int, contentType string, body []byte) {
	x.begun(code, contentType)
	_, _ = x.w.Write(body)
}

// begun sends the head of an answer whose body follows.
func (x *exchange) begun(code int, contentType string) {
	x.note(func(r *Request) { r.Status = code })
	if x.w.Header().Get("Content-Type") == "" {
		x.w.Header().Set("Content-Type", contentType)
	}
	x.w.WriteHeader(code)
}

// wait returns true after d, and false if the client or the collector is gone before.
func (x *exchange) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.r.Context().Done():
	}
	return false
}

// seize takes the connection from net/http. It is closed when the exchange ends.
func (x *exchange) seize() net.Conn {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 gives nothing but its stream, so that is broken
	}
	x.conn = conn
	if !x.c.remember(conn, nil) {
		reset(conn)
	}
	return conn
}

// abandon breaks the connection of a request that gets no answer: net/http would send a 200.
func (x *exchange) abandon() { reset(x.seize()) }

// answer is the body that tells a client about p.
func (p partial) answer() []byte {
	if p.rejected == 0 {
		return []byte("{}")
	}
	type shape struct {
		RejectedSpans int    `json:"rejectedSpans"`
		ErrorMessage  string `json:"errorMessage"`
	}
	body, err := json.Marshal(map[string]shape{"partialSuccess": {p.rejected, p.message}})
	if err != nil {
		panic(err) // numbers and strings always have JSON
	}
	return body
}

// countingReader notes how much of a body was read.
type countingReader struct {
	r io.Reader
	c *Collector
	n *int64 // under c.mu
}

func (r *countingReader) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	*r.n += int64(n)
	return n, err
}
