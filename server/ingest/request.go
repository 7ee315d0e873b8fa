package ingest

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// request is the item that flows: one body that has arrived whole, and who waits for what becomes of it.
type request struct {
	ctx      context.Context // the sender's: it ends when nobody waits any more
	signal   Signal
	project  meta.Project
	label    string
	began    time.Time // when it was let in
	received time.Time // the server's clock
	deadline time.Time // of the commit

	encoding string
	wire     []byte
	key      string // Idempotency-Key
	charge   int    // bytes it is charged for until it is settled
	read     func(body []byte, l intake.Limits) (content, error)

	content // once it is decoded
	sum     [32]byte
	lease   lease

	settled atomic.Bool
	done    chan outcome // takes one
}

// Size is what a request is charged for.
func (r *request) Size() int { return r.charge }

// content is what a body holds.
type content struct {
	spans    []store.Item
	records  []store.Record
	rejected []intake.Rejection
	cut      int
	unlinked int
}

func (c *content) items() int { return len(c.spans) + len(c.records) }

// outcome is what became of a request.
type outcome struct {
	status  int
	problem access.Problem // unless status is 200
	retry   time.Duration  // above 0: when to send it again
	quota   bool           // the project's quota is used up until then
	gone    bool           // nobody waits for the answer, as far as can be known
	account Account        // what became of the items, for a 200
	note    string         // about those that were rejected
}

// finish tells who waits; only the first call does.
func (r *request) finish(o outcome) {
	if !r.settled.Swap(true) {
		r.done <- o
	}
}

// gone reports whether nobody waits any more.
func (r *request) gone() bool { return r.ctx.Err() != nil }

// statusGone stands in Stats for an answer that nobody was there for.
const statusGone = 499

// gone is the outcome for a sender that went away. It is written all the same: if somebody does read it, silence would
// be a 200 to them.
func gone(status int, message string) outcome {
	o := failed(status, "gone", message, "")
	o.gone = true
	return o
}

func failed(status int, code, message, field string) outcome {
	return outcome{status: status, problem: access.Problem{Code: code, Message: message, Field: field}}
}

// unavailable is an answer that makes a sender try again.
func (s *Server) unavailable(code, message string) outcome {
	o := failed(http.StatusServiceUnavailable, code, message, "")
	o.retry = s.cfg.RetryAfter
	return o
}
