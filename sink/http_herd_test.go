package sink_test

import (
	"cmp"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// Clients whose endpoint fails for all of them at once do not come back at once: of what they send in
// the 10 s of the fault after their first tries, no 100 ms have more than a twentieth. They are 150, or
// as many as TAILRACE_CLIENTS says.
func TestManyClientsFailTogether(t *testing.T) {
	clients := 150
	if text := os.Getenv("TAILRACE_CLIENTS"); text != "" {
		var err error
		if clients, err = strconv.Atoi(text); err != nil {
			t.Fatalf("TAILRACE_CLIENTS: %v", err)
		}
	}
	for name, fault := range map[string]sinktest.Fault{
		"503": sinktest.Status(503),
		"429": sinktest.Status(429),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const lasts, window = 10 * time.Second, 100 * time.Millisecond
				c := sinktest.StartPipe(t, sinktest.Config{})
				c.Set(fault)
				rigs := make([]*rig, clients)
				for i := range rigs {
					rigs[i] = start(t, c, sink.HTTPConfig{Senders: 1, MaxSenders: 1, Rand: rand.NewPCG(uint64(i), 5)}, pipeline.Config{})
					rigs[i].push(spans(i+1, i+1, 10))
				}
				time.Sleep(lasts)
				c.Heal()
				var retries []time.Time
				for _, request := range c.Requests() {
					if request.Attempt > 1 {
						retries = append(retries, request.Time)
					}
				}
				slices.SortFunc(retries, func(a, b time.Time) int { return cmp.Compare(a.UnixNano(), b.UnixNano()) })
				most, from := 0, 0
				for to := range retries {
					for retries[to].Sub(retries[from]) >= window {
						from++
					}
					most = max(most, to-from+1)
				}
				if most*20 > len(retries) {
					t.Errorf("%d of %d retries in %v", most, len(retries), window)
				}
				t.Logf("%d retries of %d clients, at most %d (%.1f %%) in %v", len(retries), clients, most, 100*float64(most)/float64(len(retries)), window)
				for _, r := range rigs {
					if err := r.stop(); err != nil {
						t.Error(err)
					}
				}
				if c.Len() != clients {
					t.Errorf("%d of %d are stored", c.Len(), clients)
				}
			})
		})
	}
	faults.Happened(t, "load.herd", "never more than 5 %% of the retries in any 100 ms; 0 lost")
}
