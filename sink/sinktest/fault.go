package sinktest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A Fault is what happens to one request: those below, and what they combine to. It either
// ends the request or passes it on, to the next of a Chain and in the end to the healthy
// collector: those that pass on say so. A Fault holds no state and may be used any number of times.
type Fault func(x *exchange) (ended bool)

// Chain applies faults one after the other until one ends the request.
func Chain(faults ...Fault) Fault {
	return func(x *exchange) bool {
		for _, f := range faults {
			if f != nil && f(x) {
				return true
			}
		}
		return false
	}
}

// When applies f to the requests that cond approves and passes the others on. cond sees
// what of the body was read by then: nothing, unless an earlier fault of a Chain did.
func When(cond func(Request) bool, f Fault) Fault {
	return func(x *exchange) bool {
		return cond(*x.request) && f(x)
	}
}

// Handler leaves the request to h, with its body unread: for the fault that is not here. The
// collector stores nothing and counts the request as unread.
func Handler(h http.Handler) Fault {
	return func(x *exchange) bool {
		h.ServeHTTP(x.w, x.r)
		return true
	}
}

// Delay reads the body, waits for d and passes on. When the client leaves meanwhile, the
// request is rejected.
func Delay(d time.Duration) Fault {
	return func(x *exchange) bool {
		x.load()
		if x.wait(d) {
			return false
		}
		x.reject()
		x.abandon()
		return true
	}
}

// Hold reads the body, waits until release is closed, or gives a value, and passes on. When
// the client leaves meanwhile, the request is rejected. In a bubble of testing/synctest release
// must be made inside it, else fake time stands still.
func Hold(release <-chan struct{}) Fault {
	return func(x *exchange) bool {
		x.load()
		select {
		case <-release:
			return false
		case <-x.r.Context().Done():
		}
		x.reject()
		x.abandon()
		return true
	}
}

// Stall reads the body, rejects it and is silent until the client leaves or the collector is
// closed.
func Stall() Fault { return Hold(nil) }

// SlowRead makes the collector read the body no faster than n bytes in every, and passes on.
// The client notices once the network holds no more: at once in memory, after some hundred
// KiB on loopback.
func SlowRead(n int, every time.Duration) Fault {
	if n <= 0 {
		panic(fmt.Sprintf("sinktest: SlowRead of %d bytes at a time", n))
	}
	return func(x *exchange) bool {
		x.body = &slowReader{r: x.body, x: x, n: n, every: every}
		return false
	}
}

type slowReader struct {
	r     io.Reader
	x     *exchange
	n     int
	every time.Duration
	left  int // of the n bytes whose time has come
}

func (s *slowReader) Read(b []byte) (int, error) {
	if s.left == 0 {
		if !s.x.wait(s.every) {
			return 0, io.ErrUnexpectedEOF
		}
		s.left = s.n
	}
	n, err := s.r.Read(b[:min(len(b), s.left)])
	s.left -= n
	return n, err
}

// Header sends these fields with the answer, whatever it will be, and passes on. pairs are
// names, each followed by its value; a name may come again for a further value.
func Header(pairs ...string) Fault {
	if len(pairs)%2 != 0 {
		panic(fmt.Sprintf("sinktest: header names and values are not pairs: %q", pairs))
	}
	return func(x *exchange) bool {
		for i := 0; i < len(pairs); i += 2 {
			x.w.Header().Add(pairs[i], pairs[i+1])
		}
		return false
	}
}

// TooLarge answers 413 to bodies of more than limit decoded bytes and passes the others on.
func TooLarge(limit int64) Fault {
	return func(x *exchange) bool {
		x.load()
		over := x.refusal != nil && x.refusal.code == http.StatusRequestEntityTooLarge
		if !over && int64(len(x.content.decoded)) <= limit {
			return false
		}
		x.reject()
		x.explain(refuse(http.StatusRequestEntityTooLarge, "body is over %d bytes", limit))
		return true
	}
}

// Unsupported answers 415 to compressed bodies, and that only identity is welcome (RFC 7694).
// It passes plain ones on.
func Unsupported() Fault {
	refused := Respond(http.StatusUnsupportedMediaType, "")
	return When(Request.Compressed, func(x *exchange) bool {
		x.w.Header().Set("Accept-Encoding", "identity")
		return refused(x)
	})
}

// PartialSuccess stores all records but the last rejected ones, and answers 200 with the number
// that it did not store, which is less than rejected if fewer came, and message.
func PartialSuccess(rejected int, message string) Fault {
	return func(x *exchange) bool {
		if answer, ok := x.accept(rejected, message); ok {
			x.respond(http.StatusOK, "application/json", answer)
		}
		return true
	}
}

// Quota is Mastra's answer when a quota is used up. A client that announces
// "x-mastra-observability-capabilities: quota-pause-v1" gets a 402 that tells it to stop for
// retryAfter, in whole seconds; any other gets a 204, and its records are discarded without a
// word, as the hosted collector does. Nothing is stored.
func Quota(retryAfter time.Duration) Fault {
	return func(x *exchange) bool {
		x.reject()
		code := http.StatusNoContent
		if x.r.Header.Get("X-Mastra-Observability-Capabilities") == "quota-pause-v1" {
			code = http.StatusPaymentRequired
			x.w.Header().Set("X-Mastra-Observability", "disabled")
			x.w.Header().Set("X-Mastra-Observability-Retry-After", fmt.Sprintf("%d", int64(retryAfter/time.Second)))
		}
		x.begun(code, "application/json")
		return true
	}
}

// HTMLPage answers 200 with the login page of a captive portal, which has stored nothing.
func HTMLPage() Fault {
	page := []byte("<!doctype html>\n<title>Sign in to this network</title>\n<form method=post><input name=room></form>\n")
	return func(x *exchange) bool {
		x.reject()
		x.respond(http.StatusOK, "text/html; charset=utf-8", page)
		return true
	}
}

// zeros is what floods are made of.
var zeros = bytes.Repeat([]byte{'0'}, 32<<10)
