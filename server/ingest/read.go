package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

// Why a body did not arrive.
var (
	errCrowded = errors.New("too many bodies are arriving: send this one again")
	errSlow    = errors.New("the body takes too long to arrive")
	errGone    = errors.New("the sender went away")
)

// arrival is a body that is being read. What it holds of the room for such bodies grows with what arrives, so one that
// was only announced takes nothing from the others.
type arrival struct {
	s     *Server
	began time.Time
	bytes []byte
	held  int64
	slow  bool
}

const firstBytes = 4 << 10 // as much as a connection's own buffer

// read reads the body of a request, which may have most bytes. The room it holds is the caller's to leave.
func (s *Server) read(w http.ResponseWriter, r *http.Request, most int, limit string) (*arrival, error) {
	a := &arrival{s: s, began: time.Now()}
	control := http.NewResponseController(w)
	err := a.readAll(r, control, most, limit)
	if err == nil {
		_ = control.SetReadDeadline(time.Time{}) // else it would end the request while that waits for its commit
		return a, nil
	}
	slow := a.slow || errors.Is(err, errSlow)
	a.leave()
	if slow || errors.Is(err, errGone) {
		// There is no telling when the rest would come, which net/http reads before it answers.
		_ = control.SetReadDeadline(time.Now())
		return nil, err
	}
	s.discard(r, control)
	return nil, err
}

func (a *arrival) readAll(r *http.Request, control *http.ResponseController, most int, limit string) error {
	tooLarge := fmt.Errorf("%w: %s is %d bytes", intake.ErrTooLarge, limit, most)
	if r.ContentLength > int64(most) {
		return tooLarge
	}
	expected := most + 1 // one more shows that it is too long
	if r.ContentLength >= 0 {
		expected = int(r.ContentLength)
	}
	for len(a.bytes) < expected {
		if len(a.bytes) == cap(a.bytes) {
			if err := a.grow(r.Context(), expected); err != nil {
				return err
			}
		}
		if a.crowds() {
			return errCrowded
		}
		_ = control.SetReadDeadline(a.deadline()) // a connection without deadlines is one of a test
		n, err := r.Body.Read(a.bytes[len(a.bytes):cap(a.bytes)])
		a.bytes = a.bytes[:len(a.bytes)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errSlow
		case err != nil:
			return errGone
		}
	}
	if len(a.bytes) > most {
		return tooLarge
	}
	return nil
}

// grow makes room for the next bytes: for four times as many, but not for more than are expected.
func (a *arrival) grow(ctx context.Context, expected int) error {
	size := min(max(firstBytes, 4*cap(a.bytes)), expected)
	ctx, cancel := context.WithTimeout(ctx, a.s.cfg.MaxWait)
	defer cancel()
	more := int64(size - cap(a.bytes))
	if !a.s.reading.Take(ctx, more) {
		return errCrowded
	}
	a.held += more
	if a.slow {
		a.s.slow.Add(more)
	}
	grown := make([]byte, len(a.bytes), size)
	copy(grown, a.bytes)
	a.bytes = grown
	return nil
}

// crowds reports whether the body is one of the slow ones, and those have more than their share.
func (a *arrival) crowds() bool {
	if !a.slow {
		if time.Since(a.began) < a.s.cfg.SlowAfter {
			return false
		}
		a.slow = true
		a.s.slow.Add(a.held)
	}
	return a.s.slow.Load() > int64(a.s.cfg.MaxReading/4)
}

// deadline is when the next bytes have to be there.
func (a *arrival) deadline() time.Time {
	c := &a.s.cfg
	earned := time.Duration(float64(len(a.bytes)) / float64(c.MinRate) * float64(time.Second))
	total, pause := a.began.Add(c.Patience+earned), time.Now().Add(c.Patience)
	if total.Before(pause) {
		return total
	}
	return pause
}

// leave gives back the room. The bytes may live on where they are counted again.
func (a *arrival) leave() {
	a.s.reading.Give(a.held)
	if a.slow {
		a.s.slow.Add(-a.held)
	}
	a.held, a.slow = 0, false
}

// discard reads on without keeping anything, since many clients do not read an answer before they have sent their
// body: the connection would be reset under it.
func (s *Server) discard(r *http.Request, control *http.ResponseController) {
	const most = 64 << 20
	_ = control.SetReadDeadline(time.Now().Add(s.cfg.Patience))
	_, _ = io.CopyN(io.Discard, r.Body, most)
}
