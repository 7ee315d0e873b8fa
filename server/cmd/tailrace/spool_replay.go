package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/stages"
)

// replay sends what is in a spool, with the sender that exporters have.
func (f *spoolFlags) replay(ctx context.Context, dir string, stdout, stderr *os.File) (err error) {
	where, err := f.resolve(stderr)
	switch {
	case err != nil:
		return &usageError{err.Error(), helpSpool}
	case where.From == "the default" && where.Token == "":
		return &usageError{"there is no --endpoint, and no token for the default one", helpSpool}
	}
	store, err := openSpool(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if f.dead {
		if err := requeueAll(store); err != nil {
			return err
		}
	}
	if !f.quiet {
		say(stderr, "to %s\n", where.Shown())
	}
	r := &replaying{flags: f, turned: make(chan struct{}, 1), stderr: stderr}
	r.build(where.URL.String(), where.Token, store)
	ctx, signals, stop := untilSignals(ctx)
	defer stop()
	err = r.run(ctx, signals.abandon)
	if errors.Is(err, pipeline.ErrConfig) {
		return &usageError{err.Error(), helpSpool}
	}
	ledger := r.pipe.Ledger()
	if f.json {
		if err := json.NewEncoder(stdout).Encode(ledger); err != nil {
			return err
		}
	}
	if !f.quiet {
		say(stderr, "of %d items: delivered %d, left in the spool %d, failed %d\n", ledger.Accepted, ledger.Delivered, ledger.Spooled, ledger.Failed)
	}
	left := ledger.Spooled > 0
	switch {
	case left && ctx.Err() != nil && r.gaveUp == nil:
		return &exitError{signals.code(), errors.Join(errors.New("interrupted"), err)}
	case left && err == nil:
		return fmt.Errorf("items left in the spool: %d", ledger.Spooled)
	}
	return err
}

// requeueAll takes the dead letters back into the queue.
func requeueAll(store *spool.Dir) error {
	dead, err := store.List(spool.Dead)
	if err != nil {
		return err
	}
	for _, e := range dead {
		if err := store.Requeue(e); err != nil {
			return err
		}
	}
	return nil
}

// replaying is one run of replay.
type replaying struct {
	flags  *spoolFlags
	pipe   *pipeline.Pipeline
	sender *sink.HTTPSender
	turned chan struct{} // holds a value when the sender's state has changed
	stderr *os.File
	gaveUp error // why the rest stays where it is
}

// build describes the pipeline: a source that sends nothing, and the sender with its spool.
func (r *replaying) build(endpoint, token string, store sink.Spool) {
	header := http.Header{"X-Mastra-Observability-Capabilities": {"quota-pause-v1"}} // else a used-up quota is a 204 that stores nothing
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	wire, _ := r.flags.format() // which resolve has checked
	r.pipe = pipeline.New(pipeline.Config{Name: "replay"})
	r.sender = sink.NewHTTP(sink.HTTPConfig{
		Endpoint: endpoint, Header: header, AllowInsecure: r.flags.insecure,
		Senders: r.flags.concurrency, MaxSenders: r.flags.concurrency,
		Probe: wire.AppendClose(wire.AppendOpen(nil)), ProbeType: wire.ContentType(),
		Recompress: packAgain, Decompress: unpack,
		Pause: func(status int, header http.Header) (time.Duration, bool) {
			return 0, status == http.StatusPaymentRequired || header.Get("X-Mastra-Observability") == "disabled"
		},
		OnState: func(sink.HTTPState) { r.turn() }, OnResult: func(sink.HTTPResult) { r.turn() },
		Spool: sink.SpoolConfig{Store: store, OnEvent: r.hear},
	})
	nothing := pipeline.SourceFunc[*pipeline.Body](func(ctx context.Context, out *pipeline.Outlet[*pipeline.Body]) error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-out.Attention():
				if err := out.Attend(); err != nil {
					return err
				}
			}
		}
	})
	pipeline.To(pipeline.From(r.pipe, nothing, pipeline.Name("nothing")), r.sender.Sink())
}

func (r *replaying) turn() {
	select {
	case r.turned <- struct{}{}:
	default:
	}
}

// hear tells what is wrong with the spool.
func (r *replaying) hear(e sink.SpoolEvent) {
	if e.Err != nil {
		say(r.stderr, "tailrace: the spool: %v: %v\n", e.Kind, e.Err)
	}
}

// run sends until the spool is empty, or the endpoint leaves no hope, or ctx ends. At the end of abandon what is
// in flight is given up.
func (r *replaying) run(ctx context.Context, abandon <-chan struct{}) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- r.pipe.Run(running) }()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	stopped := ctx.Done()
	for {
		select {
		case err := <-ended:
			return errors.Join(r.gaveUp, err)
		case <-stopped:
			stopped = nil
			stop()
		case <-abandon:
			abandon = nil
			r.cut()
		case <-r.turned:
		case <-ticker.C:
		}
		if r.hopeless() {
			r.cut()
		}
		if l := r.pipe.Ledger(); l.Accepted > 0 && l.Spooled+l.InFlight == 0 || r.began() && r.sender.Stats().Spool.Entries == 0 {
			stop()
		}
	}
}

// began reports whether the sink has looked into the spool: a Flush that needs no time says so.
func (r *replaying) began() bool {
	now, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	return r.pipe.Flush(now) == nil
}

// cut ends the run at once.
func (r *replaying) cut() {
	go func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		_ = r.pipe.Shutdown(now) // Run returns the same
	}()
}

// hopeless reports, once, that the endpoint will not take what is left.
func (r *replaying) hopeless() bool {
	s := r.sender.State()
	if s.Mode == sink.Sending || r.gaveUp != nil {
		return false
	}
	down := time.Since(s.Since)
	switch {
	case s.Mode == sink.Paused:
		r.gaveUp = fmt.Errorf("somebody has to act before the endpoint takes anything (try tailrace verify): %w", s.Err)
	case r.flags.giveUp > 0 && down >= r.flags.giveUp:
		r.gaveUp = fmt.Errorf("the endpoint was down for %v: %w", down.Round(time.Second), s.Err)
	}
	return r.gaveUp != nil
}

// packAgain is for the pieces of a body that was cut.
func packAgain(encoding string, plain []byte) ([]byte, error) {
	if encoding == stages.Zstd.Encoding() {
		return stages.Zstd.Append(nil, plain)
	}
	return stages.Gzip.Append(nil, plain)
}

// unpack is for a body that is to be cut, or sent plain.
func unpack(encoding string, data []byte, most int) ([]byte, error) {
	d, err := stages.NewDecompressor(stages.DecompressConfig{MaxBytes: most})
	if err != nil {
		return nil, err
	}
	return d.Append(nil, data, encoding)
}
