package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// Step is one thing that is done to an exporter beside its model, SIM-6.
type Step struct {
	Do string
	N  int // of push: items
}

// steps are what may be done.
var steps = []string{"push", "flush", "fail", "pause", "heal", "rest", "restart", "close"}

// machine is an exporter, and the list that it should be like: what was pushed and not given up, in
// that order, of which the collector has the first so many. With a spool nothing is given up, what is
// new goes before what waits on disk, and a new exporter has what the old one left there.
type machine struct {
	collector *sinktest.Collector
	exporter  *observability.CloudExporter
	batch     int
	disk      *crashfs.Disk // what the spool is on; nil without one

	list   []string // what was accepted and not given up, by id: the model
	next   int      // number of the next item
	ill    bool     // the endpoint refuses
	closed bool

	// Of this exporter alone, the ledger as the model has it.
	want pipeline.Ledger
	base int // items that were stored before it was made
}

// within is how long the machine waits for what cannot succeed.
const within = time.Second

// playSteps does all steps in a bubble, with a spool or without, and returns the first difference.
func playSteps(t *testing.T, batch int, spooled bool, todo []Step) error {
	spans()
	return pipelinetest.Bubble(t, func(*testing.T) (err error) {
		m := &machine{batch: batch}
		if spooled {
			m.disk = crashfs.New()
		}
		if m.collector, err = sinktest.New(sinktest.Config{Token: fakeToken}); err != nil {
			return err
		}
		defer m.collector.Close()
		if err := m.start(); err != nil {
			return err
		}
		for i, s := range append(slices.Clone(todo), Step{Do: "heal"}, Step{Do: "flush"}, Step{Do: "close"}) {
			err := m.do(s)
			synctest.Wait()
			if err = errors.Join(err, m.compare()); err != nil {
				_ = m.exporter.Shutdown(over()) // the difference is what counts
				return fmt.Errorf("after step %d, %s %d: %w", i+1, s.Do, s.N, err)
			}
		}
		return nil
	})
}

// over is a context that has ended.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func (m *machine) start() (err error) {
	m.base, m.closed = m.collector.Len(), false // before the new one sends what it finds
	m.want = pipeline.Ledger{Accepted: int64(len(m.list) - m.base)}
	var spool observability.CloudSpool
	if m.disk != nil {
		spool = observability.CloudSpool{Dir: spoolDir, FS: m.disk.Start()}
	}
	m.exporter, err = observability.NewCloudExporter(observability.CloudExporterConfig{
		Spool:       spool,
		AccessToken: fakeToken, IgnoreEnv: true, TracesEndpoint: m.collector.URL(), DialContext: m.collector.DialContext,
		MaxBatchSize: m.batch, MaxBatchBytes: 64 << 10, MaxBytes: 16 << 20,
		Senders: 1, MaxSenders: 1, Compression: observability.CompressNone, // so that the order stays
		Logger: slog.New(slog.DiscardHandler), Rand: rand.NewPCG(1, 1),
	})
	return err
}

// do takes a step, and lets the model take it.
func (m *machine) do(s Step) error {
	switch s.Do {
	case "push":
		return m.push(s.N)
	case "flush":
		return m.flush()
	case "fail":
		m.ill = true
		m.collector.Set(sinktest.Status(503))
	case "pause":
		m.ill = true
		m.collector.Set(sinktest.Status(401))
	case "heal":
		m.ill = false
		m.collector.Heal()
		m.exporter.Wake()
		synctest.Wait()
		m.exporter.Wake() // a request may have been on its way that the fault still met
	case "rest":
		time.Sleep(within)
	case "close":
		return m.close()
	case "restart":
		err := m.close()
		return errors.Join(err, m.start())
	default:
		return fmt.Errorf("there is no step %q", s.Do)
	}
	return nil
}

func (m *machine) push(n int) error {
	for range n {
		s := spanOf(m.next % maxItems)
		if m.next >= maxItems {
			return nil // the ids are used up
		}
		m.next++
		err := m.exporter.Export(context.Background(), s)
		if m.closed {
			if !errors.Is(err, pipeline.ErrClosed) {
				return fmt.Errorf("a push after close: %w", err)
			}
			m.want.Refused++
			continue
		}
		if err != nil {
			return err
		}
		m.want.Accepted++
		m.list = append(m.list, string(s.ID))
	}
	return nil
}

func (m *machine) flush() error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := m.exporter.Flush(ctx)
	synctest.Wait()
	all := m.collector.Len() == len(m.list)
	switch {
	case m.disk != nil: // where it is safe; what is sent too is compare's
		if left := m.exporter.Stats().Ledger.InFlight; err != nil || left > 0 {
			return fmt.Errorf("flush: %w, and %d are neither stored nor spooled", err, left)
		}
	case m.closed || !m.ill || all: // what was there is delivered, if there was anything
		if err != nil || !all {
			return fmt.Errorf("flush: %w, and %d of %d are stored", err, m.collector.Len(), len(m.list))
		}
	case !errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("flush, with %d of %d stored: %w", m.collector.Len(), len(m.list), err)
	}
	return nil
}

// close ends the exporter. What the collector does not take within the time is given up.
func (m *machine) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := m.exporter.Shutdown(ctx)
	if m.closed {
		if m.want.Abandoned > 0 == (err == nil) {
			return fmt.Errorf("a second close: %w", err)
		}
		return nil
	}
	m.closed = true
	m.want.Delivered = int64(m.collector.Len() - m.base)
	if m.disk != nil {
		m.want.Spooled = m.want.Accepted - m.want.Delivered
		if err != nil || m.want.Spooled != itemsOn(m.disk) || m.want.Spooled > 0 && !m.ill {
			return fmt.Errorf("close: %w, and of %d that are not stored the directory has %d", err, m.want.Spooled, itemsOn(m.disk))
		}
		return nil
	}
	m.want.Abandoned = m.want.Accepted - m.want.Delivered
	m.list = m.list[:min(m.collector.Len(), len(m.list))]
	var loss *pipeline.LossError
	switch {
	case !m.ill && m.want.Abandoned > 0:
		return fmt.Errorf("close gave up %d: %w", m.want.Abandoned, err)
	case m.want.Abandoned == 0 && err != nil:
		return fmt.Errorf("close of what has nothing left: %w", err)
	case m.want.Abandoned > 0 && (!errors.As(err, &loss) || loss.Ledger.Abandoned != m.want.Abandoned):
		return fmt.Errorf("close gave up %d: %w", m.want.Abandoned, err)
	}
	return nil
}

// compare looks for a difference between the exporter and the list.
func (m *machine) compare() error {
	var stored []string
	for _, r := range m.collector.Records() {
		stored = append(stored, r.SpanID)
	}
	list := m.list[:min(len(stored), len(m.list))]
	if m.disk != nil {
		stored, list = slices.Sorted(slices.Values(stored)), slices.DeleteFunc(slices.Clone(m.list), func(id string) bool { return !slices.Contains(stored, id) })
	}
	if !slices.Equal(stored, list) {
		return fmt.Errorf("stored are %s\nof the list       %s", short(stored), short(m.list))
	}
	if open := len(m.list) - len(stored); !m.ill && !m.closed && open >= m.batch {
		return fmt.Errorf("%d items of a list of %d are not stored, of which only the last %d may wait to be a batch", open, len(m.list), m.batch-1)
	}
	want, got := m.want, m.exporter.Stats().Ledger
	if !m.closed {
		want.Delivered = int64(len(stored) - m.base)
		want.InFlight = want.Accepted - want.Delivered
		if m.disk != nil && got.InFlight < int64(m.batch) { // which may wait to be a batch
			want.InFlight, want.Spooled = got.InFlight, want.InFlight-got.InFlight
		}
	}
	if got != want {
		return fmt.Errorf("the ledger is %+v\nof the model  %+v", got, want)
	}
	return nil
}

func short(ids []string) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(" " + strings.TrimLeft(id, "0"))
	}
	return b.String()
}

// drawSteps makes the steps of a seed.
func drawSteps(seed uint64) (batch int, spooled bool, todo []Step) {
	rng := rand.New(rand.NewPCG(seed, 6))
	for range 20 + rng.IntN(60) {
		s := Step{Do: pick(rng, steps...)}
		if oneIn(rng, 2) {
			s.Do = "push"
		}
		if s.Do == "close" && !oneIn(rng, 4) {
			s.Do = "restart" // else most steps would come to nothing
		}
		if s.Do == "push" {
			s.N = 1 + rng.IntN(12)
		}
		todo = append(todo, s)
	}
	return 1 + rng.IntN(8), oneIn(rng, 2), todo
}
