//go:build unix

package observability_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// testament is what a process that a signal ends has to say at last.
type testament struct {
	Accepted []int // numbers of the spans that Export took
	Refused  int
	Lost     []string // ids
	Ledger   pipeline.Ledger
	Err      string
	Peak     int // KiB of memory
}

const testamentLine = "testament "

// witness shuts an exporter down and then says how that went, before the process dies.
type witness struct {
	*observability.CloudExporter
	producers *sync.WaitGroup
	will      *testament
}

func (w witness) Shutdown(ctx context.Context) error {
	err := w.CloudExporter.Shutdown(ctx)
	w.producers.Wait()
	if w.will.Ledger = w.Stats().Ledger; err != nil {
		w.will.Err = err.Error()
	}
	text, _ := json.Marshal(w.will)
	fmt.Println(testamentLine + string(text))
	return err
}

// stateChild is the process that is in one of the states when its signal comes.
func stateChild(t *testing.T, state string) {
	var mu sync.Mutex
	var producers sync.WaitGroup
	will := &testament{Accepted: []int{}}
	writing := make(chan struct{}, 100)
	dialling := make(chan struct{})
	cfg := observability.CloudExporterConfig{MaxBatchWait: time.Hour, MaxBatchSize: 20}
	switch state {
	case "connecting":
		cfg.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			close(dialling)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		cfg.Senders, cfg.MaxSenders = 1, 1
	case "blocked":
		cfg.Overflow, cfg.Queue, cfg.Senders, cfg.MaxSenders = observability.OverflowBlock, 20, 1, 1
	case "spooling":
		disk := crashfs.New()
		disk.OnOp(func(op crashfs.Op) error {
			if op.Kind == crashfs.Write {
				writing <- struct{}{}
				time.Sleep(50 * time.Millisecond)
			}
			return nil
		})
		cfg.Spool = observability.CloudSpool{Dir: "/spool", FS: disk.Start()}
	}
	e, err := observability.NewCloudExporter(cfg)
	if err != nil {
		t.Fatal(err)
	}
	observability.ShutdownOnSignal(context.Background(), witness{e, &producers, will})
	export := func(from, n, bytes int) {
		for i := from; i < from+n; i++ {
			s := sized(i, bytes)
			if bytes > 1000 {
				s = fresh(i, bytes)
			}
			err := e.Export(context.Background(), s)
			mu.Lock()
			if err == nil {
				will.Accepted = append(will.Accepted, i)
			} else {
				will.Refused++
			}
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}
	switch state {
	case "idle":
	case "half":
		export(0, 10, 40)
	case "compressing":
		export(0, 200, 20_000)
	case "connecting":
		export(0, 20, 40)
		<-dialling
	case "spooling":
		export(0, 20, 40)
		<-writing
	case "sending":
		export(0, 20, 200_000) // more than the network holds
	case "blocked":
		for i := range 10 {
			producers.Go(func() { export(i*1000, 1000, 40) })
		}
	default:
		export(0, 50, 40)
	}
	fmt.Println("ready")
	time.Sleep(time.Minute)
	t.Error("no signal came")
}

// signalCell is what of a state is the endpoint's part: before the process starts, until it is in the
// state, and after the signal.
type signalCell struct {
	state  string
	before func(c *sinktest.Collector)
	until  func(c *sinktest.Collector) bool
	after  func(c *sinktest.Collector)
}

// TestShutdownOnSignalInEachState sends SIGTERM to a real process in each state, on real sockets, once
// or as often as TAILRACE_SHUTDOWN_SIGNALS says. Whatever it was doing, all that its Export took is
// delivered before it dies of the signal.
func TestShutdownOnSignalInEachState(t *testing.T) {
	times := 1
	if text := os.Getenv("TAILRACE_SHUTDOWN_SIGNALS"); text != "" {
		var err error
		if times, err = strconv.Atoi(text); err != nil {
			t.Fatalf("TAILRACE_SHUTDOWN_SIGNALS: %v", err)
		}
	}
	arrived := func(n int) func(*sinktest.Collector) bool {
		return func(c *sinktest.Collector) bool { return c.Ledger().Requests >= n }
	}
	for _, cell := range []signalCell{
		{state: "idle"},
		{state: "half"},
		{state: "compressing"},
		{state: "connecting"},
		{state: "sending", before: always(sinktest.SlowRead(256<<10, 10*time.Millisecond)), until: arrived(1)},
		{state: "waiting", before: always(sinktest.Delay(100 * time.Millisecond)), until: arrived(1)},
		{state: "retrying", before: always(sinktest.Status(503)), until: arrived(2), after: (*sinktest.Collector).Heal},
		{state: "blocked", before: always(sinktest.Delay(10 * time.Millisecond)), until: arrived(2)},
		{state: "spooling"},
	} {
		t.Run(cell.state, func(t *testing.T) {
			t.Parallel()
			for range times {
				cell.play(t)
			}
			faults.Happened(t, "shutdown."+cell.state+".signal", "every span that Export took was delivered, then the process died of SIGTERM")
		})
	}
}

func (cell signalCell) play(t *testing.T) {
	c := sinktest.Start(t, sinktest.Config{Token: fakeToken})
	if cell.before != nil {
		cell.before(c)
	}
	p := startChild(t, c, statePrefix+cell.state)
	for deadline := time.Now().Add(20 * time.Second); cell.until != nil && !cell.until(c); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the process did not come into this state")
		}
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if cell.after != nil {
		time.Sleep(10 * time.Millisecond) // so that the signal comes first
		cell.after(c)
	}
	will := p.testament(t)
	p.diesOf(t, syscall.SIGTERM)

	want := pipeline.Ledger{Accepted: int64(len(will.Accepted)), Delivered: int64(len(will.Accepted)), Refused: int64(will.Refused)}
	if will.Ledger != want || will.Err != "" {
		t.Errorf("ledger %+v, want %+v; %s", will.Ledger, want, will.Err)
	}
	stored := map[string]bool{}
	for _, record := range c.Records() {
		stored[record.SpanID] = true
	}
	for _, i := range will.Accepted {
		if !stored[string(idOf(i))] {
			t.Errorf("span %d was accepted and is not stored", i)
		}
	}
	if len(stored) != len(will.Accepted) {
		t.Errorf("%d spans are stored, %d were accepted", len(stored), len(will.Accepted))
	}
}

// statePrefix begins the roles of children that are in a state.
const statePrefix = "state:"

// testament reads what the process says at last.
func (p *process) testament(t *testing.T) (will testament) {
	t.Helper()
	for {
		line, err := p.text.ReadString('\n')
		if text, ok := strings.CutPrefix(line, testamentLine); ok {
			if err := json.Unmarshal([]byte(text), &will); err != nil {
				t.Fatal(err)
			}
			return will
		}
		if err != nil {
			t.Fatalf("the process left no testament: %v", err)
		}
	}
}
