//go:build unix

package observability_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// overloadChild is a process with GOMEMLIMIT whose endpoint takes a tenth of what it exports.
func overloadChild(t *testing.T) {
	const spans, bytes = 16_000, 8000
	var mu sync.Mutex
	will := &testament{Accepted: []int{}}
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		MaxBytes: 16 << 20, MaxBatchBytes: 256 << 10, Senders: 1, MaxSenders: 1, LogLevel: 12,
		OnLoss: func(_, _ string, item any) {
			mu.Lock()
			defer mu.Unlock()
			for _, id := range idsOf(item) {
				will.Lost = append(will.Lost, string(id))
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range spans {
		if err := e.Export(context.Background(), sized(i, bytes)); err != nil {
			t.Fatal(err)
		}
	}
	_ = e.Shutdown(context.Background())
	will.Ledger, will.Peak = e.Stats().Ledger, peak()
	text, _ := json.Marshal(will)
	fmt.Println("ready\n" + testamentLine + string(text))
}

// peak is the most memory that this process ever had, in KiB; 0 where nobody says.
func peak() (kib int) {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &kib)
	}
	return kib
}

// A process that may have 64 MiB, and exports 128 of them far faster than they are taken, has what it
// needs, and counts what it drops, by id.
func TestOverloadInLittleMemory(t *testing.T) {
	t.Parallel()
	c := sinktest.Start(t, sinktest.Config{Token: fakeToken, IDsOnly: true})
	c.Set(sinktest.Delay(20 * time.Millisecond))
	p := startChild(t, c, "overload", "GOMEMLIMIT=64MiB")
	will := p.testament(t)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	lost := int64(len(will.Lost))
	if want := (pipeline.Ledger{Accepted: 16_000, Delivered: 16_000 - lost, Dropped: lost}); will.Ledger != want {
		t.Errorf("ledger %+v, want %+v", will.Ledger, want)
	}
	seen := map[string]bool{}
	for _, id := range will.Lost {
		seen[id] = true
	}
	for _, record := range c.Records() {
		if seen[record.SpanID] {
			t.Errorf("span %s is stored, and was dropped or stored before", record.SpanID)
		}
		seen[record.SpanID] = true
	}
	if len(seen) != 16_000 || lost == 0 {
		t.Errorf("%d spans are stored or dropped, %d dropped", len(seen), lost)
	}
	t.Logf("%d of 16000 dropped; at most %d KiB of memory", lost, will.Peak)
	if limit := 10 * 64 << 10; will.Peak > limit { // the race detector has its own memory
		t.Errorf("the process had %d KiB of memory", will.Peak)
	}
	faults.Happened(t, "load.memory", "no OOM; every span delivered or counted as dropped, by its id")
}

// suspendedChild is a process that is suspended in an outage.
func suspendedChild(t *testing.T) {
	var producers sync.WaitGroup
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		MaxBatchSize: 10, MaxElapsed: 2500 * time.Millisecond, Timeout: 300 * time.Millisecond, LogLevel: 12,
	})
	if err != nil {
		t.Fatal(err)
	}
	will := &testament{Accepted: []int{}}
	observability.ShutdownOnSignal(context.Background(), witness{e, &producers, will})
	for i := range 100 {
		if err := e.Export(context.Background(), numbered(i)); err != nil {
			t.Fatal(err)
		}
		will.Accepted = append(will.Accepted, i)
	}
	fmt.Println("ready")
	time.Sleep(2 * time.Hour)
}

// A process is suspended while its endpoint is away, for 3 s or as long as TAILRACE_SUSPEND says, such as
// 1h: for longer than it would have gone on trying. That time is not the endpoint's: once it goes on, it
// delivers everything.
func TestSuspended(t *testing.T) {
	t.Parallel()
	lasts := 3 * time.Second
	if text := os.Getenv("TAILRACE_SUSPEND"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatalf("TAILRACE_SUSPEND: %v", err)
		}
	}
	c := sinktest.Start(t, sinktest.Config{Token: fakeToken})
	c.OnRequest(func(r sinktest.Request) sinktest.Fault {
		if r.N%2 == 0 {
			return sinktest.Stall()
		}
		return sinktest.Status(503)
	})
	p := startChild(t, c, "suspended")
	for c.Ledger().Requests < 4 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond) // the process has read the answers: its outage has begun
	signal := func(s syscall.Signal) {
		if err := p.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	time.Sleep(lasts)
	c.Heal()
	signal(syscall.SIGCONT)
	patience, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := c.WaitFor(patience, 100)
	signal(syscall.SIGTERM)
	will := p.testament(t)
	p.diesOf(t, syscall.SIGTERM)
	if want := (pipeline.Ledger{Accepted: 100, Delivered: 100}); will.Ledger != want || err != nil {
		t.Errorf("ledger %+v, want %+v: %v %s", will.Ledger, want, err, will.Err)
	}
	faults.Happened(t, "load.suspended", "resumed, 0 lost: the time in which it was suspended does not count as time of the outage")
}
