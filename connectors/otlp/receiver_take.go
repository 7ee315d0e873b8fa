package otlp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// verdict is the answer to a request. With status 200, rejected and note are for the sender.
type verdict struct {
	status   int
	note     string
	rejected int
	retry    time.Duration // above 0: when to send it again
}

func (r *Receiver) busy(note string) verdict {
	return verdict{status: http.StatusServiceUnavailable, note: note, retry: r.cfg.RetryAfter}
}

// statusGone stands in ReceiverStats for an answer that nobody was there for.
const statusGone = 499

// refused is the answer to a body that cannot be taken.
func refused(err error) verdict { return verdict{status: intake.Status(err), note: err.Error()} }

// arrival is a body that is being read and decoded, and the room that it holds.
type arrival struct {
	r    *Receiver
	wire []byte
	held int64
}

// hold takes more room; false if there is none within MaxWait.
func (a *arrival) hold(ctx context.Context, bytes int) bool {
	ctx, cancel := context.WithTimeout(ctx, a.r.cfg.MaxWait)
	defer cancel()
	if !a.r.room.Take(ctx, int64(bytes)) {
		return false
	}
	a.held += int64(bytes)
	return true
}

// holdDecoded takes room for a body in plain, and for what is made of it. One that exceeds the room alone has it alone.
func (a *arrival) holdDecoded(ctx context.Context, plain int) bool {
	return a.hold(ctx, min(2*plain, a.r.cfg.MaxBytes-int(a.held)))
}

func (a *arrival) leave() {
	a.r.room.Give(a.held)
	a.held, a.wire = 0, nil
}

// read reads a body of at most so many bytes, into room that grows with what arrives. ok is false with the answer.
func (r *Receiver) read(w http.ResponseWriter, req *http.Request, most int, limit string) (a *arrival, v verdict, ok bool) {
	a = &arrival{r: r}
	if v, ok = a.readAll(w, req, most, limit); !ok {
		a.leave()
		return nil, v, false
	}
	return a, verdict{}, true
}

func (a *arrival) readAll(w http.ResponseWriter, req *http.Request, most int, limit string) (verdict, bool) {
	tooLarge := refused(fmt.Errorf("%w: %s is %d", intake.ErrTooLarge, limit, most))
	if req.ContentLength > int64(most) {
		return tooLarge, false
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(a.r.cfg.Timeout)) // a connection without deadlines is one of a test
	expected := most + 1                                         // one more shows that it is too long
	if req.ContentLength >= 0 {
		expected = int(req.ContentLength)
	}
	const first = 4 << 10 // as much as a connection's own buffer
	for len(a.wire) < expected {
		if len(a.wire) == cap(a.wire) {
			size := min(max(first, 4*cap(a.wire)), expected)
			if !a.hold(req.Context(), size-cap(a.wire)) {
				return a.r.busy("too many bodies are arriving: send this again"), false
			}
			grown := make([]byte, len(a.wire), size)
			copy(grown, a.wire)
			a.wire = grown
		}
		n, err := req.Body.Read(a.wire[len(a.wire):cap(a.wire)])
		a.wire = a.wire[:len(a.wire)+n]
		switch {
		case errors.Is(err, io.EOF):
			expected = len(a.wire)
		case errors.Is(err, os.ErrDeadlineExceeded):
			return verdict{status: http.StatusRequestTimeout, note: fmt.Sprintf("the body did not arrive in %v", a.r.cfg.Timeout)}, false
		case err != nil:
			return verdict{status: statusGone, note: "the body broke off"}, false
		}
	}
	if len(a.wire) > most {
		return tooLarge, false
	}
	_ = control.SetReadDeadline(time.Time{}) // else it would end the request while that waits for room
	return verdict{}, true
}

// take decodes a body and hands it to the pipeline, all of it or nothing.
func (r *Receiver) take(ctx context.Context, plain []byte, f Format) verdict {
	batch, err := Decode(plain, f, r.cfg.Limits)
	if err != nil {
		return refused(err)
	}
	if r.ended.Load() {
		return r.returned(len(batch.Items), "the receiver is stopping: send this again")
	}
	if len(batch.Items) > 0 {
		spans := make(pipeline.Batch[*span.Span], len(batch.Items))
		for i, item := range batch.Items {
			spans[i] = item.Span
		}
		wait, cancel := context.WithTimeout(ctx, r.cfg.MaxWait)
		defer cancel()
		switch err := r.entry.Push(wait, spans); {
		case err == nil:
		case errors.Is(err, pipeline.ErrTooLarge):
			v := r.returned(len(spans), "the spans of this request are more than the pipeline may hold: send fewer at once")
			v.status, v.retry = http.StatusRequestEntityTooLarge, 0
			return v
		case ctx.Err() != nil:
			v := r.returned(len(spans), "the request was given up")
			v.status = statusGone
			return v
		case errors.Is(err, pipeline.ErrClosed):
			return r.returned(len(spans), "the receiver is stopping: send this again")
		default:
			return r.returned(len(spans), "the pipeline has as much as it can hold: send this again")
		}
	}
	r.count.took(batch)
	return verdict{status: http.StatusOK, rejected: len(batch.Rejected), note: noteOf(batch.Rejected)}
}

// returned gives decoded spans back to their sender.
func (r *Receiver) returned(spans int, note string) verdict {
	r.count.returned.Add(int64(spans))
	return r.busy(note)
}

// noteOf says in words what was rejected, for whoever debugs a sender.
func noteOf(bad []intake.Rejection) string {
	if len(bad) == 0 {
		return ""
	}
	counts := map[intake.Reason]int{}
	for _, b := range bad {
		counts[b.Reason]++
	}
	var text strings.Builder
	for i, reason := range slices.Sorted(maps.Keys(counts)) {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%d %s", counts[reason], reason)
	}
	fmt.Fprintf(&text, "; the first is span %d: %s: %s", bad[0].Index, bad[0].Field, bad[0].Reason)
	return text.String()
}
