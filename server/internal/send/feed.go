package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/spanfile"
	"github.com/tailrace-go/tailrace/span"
)

// maxRecordBytes bounds one span as it stands in a file.
const maxRecordBytes = 16 << 20

// feed is the pipeline's source: the records of all inputs, one round after the other, numbered from 0. A bad one has a
// number too, so that the numbers are the same each time.
type feed struct {
	cfg   *Config
	track *tracker
	tell  func(problem string)
	pace  pace

	read       atomic.Int64 // bytes, as they are stored
	next       atomic.Int64 // number of the next record: those before are sent, passed over or bad
	bad        atomic.Int64 // records
	unreadable atomic.Int64 // inputs of which not everything could be read
	whole      atomic.Bool  // all rounds have come to their end
}

// errStrict ends the run at a bad record.
var errStrict = errors.New("a record is bad")

// Feed implements [pipeline.Source].
func (f *feed) Feed(ctx context.Context, out *pipeline.Outlet[*span.Span]) error {
	if f.cfg.Rate > 0 {
		f.pace.interval = time.Second / time.Duration(f.cfg.Rate)
	}
	for round := range f.cfg.Repeat {
		for _, in := range f.cfg.Inputs {
			switch err := f.input(ctx, out, in, round); {
			case errors.Is(err, errStrict):
				return nil // what is in flight is sent
			case err != nil:
				return err
			}
		}
	}
	f.whole.Store(true)
	return nil
}

// input sends the records of one input. Its error ends the run.
func (f *feed) input(ctx context.Context, out *pipeline.Outlet[*span.Span], in spanfile.Input, round int) error {
	src, err := f.open(ctx, out, in)
	if err != nil {
		return f.broken(err)
	}
	defer src.Close()
	plain, done, err := spanfile.Plain(counted{src, &f.read})
	if err != nil {
		return f.broken(fmt.Errorf("%s: %w", in.Name, err))
	}
	defer done()
	records := spanfile.NewReader(plain, in.Name, maxRecordBytes)
	for {
		record, err := records.Next()
		var bad *spanfile.RecordError
		switch {
		case err == nil:
			err = f.record(ctx, out, record, round)
		case errors.As(err, &bad):
			err = f.refuse(bad)
		case errors.Is(err, io.EOF) && err == io.EOF: //nolint:errorlint // one that is wrapped is a reader that broke
			return nil
		default:
			return f.broken(err)
		}
		if err == nil {
			err = out.Attend() // however many records are passed over, they hold up nobody
		}
		if err != nil {
			return err
		}
	}
}

func (f *feed) open(ctx context.Context, out *pipeline.Outlet[*span.Span], in spanfile.Input) (io.ReadCloser, error) {
	if in.Waits {
		return io.NopCloser(newWaiting(ctx, out.Attention(), out.Attend, in.Open)), nil
	}
	return in.Open()
}

// record sends one record, unless it is to be passed over or is no span.
func (f *feed) record(ctx context.Context, out *pipeline.Outlet[*span.Span], record spanfile.Record, round int) error {
	n := f.next.Load()
	if n < f.cfg.From {
		f.next.Store(n + 1)
		return nil
	}
	s, err := span.Decoder{MaxRecordBytes: maxRecordBytes}.Record(record.Text)
	if err != nil {
		return f.refuse(&spanfile.RecordError{Place: record.Place, Err: err})
	}
	if f.cfg.Repeat > 1 {
		fresh(s, f.cfg.Seed, round)
	}
	if err := f.pace.wait(ctx, out.Attention(), out.Attend); err != nil {
		return err
	}
	f.track.sent(n, s) // first, since it may be lost before Send returns
	switch err := out.Send(s); {
	case errors.Is(err, pipeline.ErrTooLarge):
		return f.refuse(&spanfile.RecordError{Place: record.Place, Err: err})
	case err != nil:
		return err
	}
	f.next.Store(n + 1)
	return nil
}

// refuse counts a bad record, and names it unless that was done when it was passed for the first time.
func (f *feed) refuse(bad *spanfile.RecordError) error {
	n := f.next.Load()
	if n < f.cfg.From {
		f.next.Store(n + 1)
		return nil
	}
	f.bad.Add(1)
	f.tell(bad.Error())
	if f.cfg.Strict {
		return errStrict // it stays the next one, to be sent when it is mended
	}
	f.next.Store(n + 1)
	return nil
}

// broken counts an input that cannot be read, unless it is the run that is ending.
func (f *feed) broken(err error) error {
	if errors.Is(err, pipeline.ErrClosed) {
		return pipeline.ErrClosed
	}
	f.unreadable.Add(1)
	f.tell(fmt.Sprintf("%v; nothing behind that can be read", err))
	if f.cfg.Strict {
		return errStrict
	}
	return nil
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}
