//go:build unix

package observability_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/sink/spool"
)

// What a process to be killed is told.
const (
	killDir  = "TAILRACE_KILL_DIR"  // its spool
	killFrom = "TAILRACE_KILL_FROM" // its first span
)

// killedChild exports and flushes until it is killed, and says what each Flush has acknowledged.
func killedChild(t *testing.T) {
	from, err := strconv.Atoi(os.Getenv(killFrom))
	if err != nil {
		t.Fatal(err)
	}
	e := spooling(t)
	fmt.Println("ready")
	rng := rand.New(rand.NewPCG(uint64(from), 9))
	for next := from; ; {
		for range 1 + rng.IntN(30) {
			if err := e.Export(context.Background(), numbered(next)); err != nil {
				t.Fatal(err)
			}
			next++
		}
		if err := e.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		fmt.Println("flushed", next)
	}
}

// drainedChild is the process after all that were killed: it sends what they have left.
func drainedChild(t *testing.T) {
	e := spooling(t)
	fmt.Println("ready")
	will := testament{Accepted: []int{}}
	if err := e.Shutdown(context.Background()); err != nil {
		will.Err = err.Error()
	}
	will.Ledger = e.Stats().Ledger
	text, _ := json.Marshal(will)
	fmt.Println(testamentLine + string(text))
}

func spooling(t *testing.T) *observability.CloudExporter {
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		MaxBatchSize: 10, MaxBatchWait: 5 * time.Millisecond, Timeout: time.Second, LogLevel: 12,
		Spool: observability.CloudSpool{Dir: os.Getenv(killDir)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestKill9WithASpool kills a process that exports to an endpoint with faults, at any moment, and starts the next
// one; TAILRACE_SPOOL_KILLS says how many times. What a Flush acknowledged is stored in the end, once, though no
// process ever shut down.
func TestKill9WithASpool(t *testing.T) {
	t.Parallel()
	kills := 6
	if text := os.Getenv("TAILRACE_SPOOL_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatalf("TAILRACE_SPOOL_KILLS: %v", err)
		}
	}
	c := sinktest.Start(t, sinktest.Config{Token: fakeToken, IDsOnly: true})
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(7, uint64(kills)))
	ills := []sinktest.Fault{
		nil, nil, sinktest.Status(503), sinktest.Status(429), sinktest.AnswerLost(), sinktest.ResetMidBody(),
		sinktest.Delay(30 * time.Millisecond), sinktest.Status(401),
	}
	const apart = 1_000_000 // no process has so many spans
	acked := map[string]bool{}
	for cycle := range kills {
		c.Set(ills[rng.IntN(len(ills))])
		p := startChild(t, c, "killed", killDir+"="+dir, fmt.Sprintf("%s=%d", killFrom, cycle*apart))
		next := cycle * apart
		kill := func() { _ = p.cmd.Process.Kill() }
		for flushes := 1 + rng.IntN(40); ; flushes-- {
			line, err := p.text.ReadString('\n')
			if err != nil {
				break // it is dead
			}
			var until int
			if _, err := fmt.Sscanf(line, "flushed %d\n", &until); err != nil {
				t.Fatalf("cycle %d: the process says %q", cycle, line)
			}
			for ; next < until; next++ {
				acked[string(idOf(next))] = true
			}
			if flushes == 0 {
				time.AfterFunc(time.Duration(rng.IntN(2000))*time.Microsecond, kill)
			}
		}
		_ = p.cmd.Wait() // it was killed
	}
	c.Heal()
	p := startChild(t, c, "drained", killDir+"="+dir)
	will := p.testament(t)
	if err := p.cmd.Wait(); err != nil || will.Err != "" || will.Ledger.Lost() != 0 || will.Ledger.Spooled != 0 {
		t.Errorf("the last process ended with %v; Shutdown said %q, its ledger is %+v", err, will.Err, will.Ledger)
	}
	stored := map[string]bool{}
	for _, record := range c.Records() {
		if stored[record.SpanID] {
			t.Errorf("span %s is stored twice", record.SpanID)
		}
		stored[record.SpanID] = true
	}
	lost := 0
	for id := range acked {
		if !stored[id] {
			lost++
		}
	}
	look := spool.Look(dir, nil)
	for folder, name := range map[spool.Folder]string{spool.Queue: "the queue", spool.Dead: "dead", spool.Quarantine: "quarantine"} {
		if entries, err := look.List(folder); err != nil || len(entries.Entries) != 0 {
			t.Errorf("%d batches are left in %s: %v", len(entries.Entries), name, err)
		}
	}
	if lost > 0 || len(acked) == 0 {
		t.Errorf("%d of %d acknowledged spans are lost", lost, len(acked))
	}
	t.Logf("%d kills, %d spans acknowledged, %d stored, %d lost", kills, len(acked), len(stored), lost)
	if !t.Failed() {
		faults.Happened(t, "S-1.exporter", "each span that a Flush had acknowledged was stored, once")
	}
}
