package ingest_test

import (
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/ingest"
)

// Thirty-two bombs at once cost the server no more than its room, and each is refused soon.
func TestManyBombsAtOnce(t *testing.T) {
	g := newRig(t, ingest.Config{})
	bombs := map[string][]byte{
		"gzip": gzipped(t, io.LimitReader(zeros{}, 128<<20)),
		"zstd": zstded(t, io.LimitReader(zeros{}, 128<<20)),
	}
	_ = g.send("/ai/spans/publish", spans(1, 0)) // everything that is made once is there
	runtime.GC()
	before := inUse()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
			most = max(most, inUse())
			select {
			case <-stop:
				tick.Stop()
				peak <- most
				return
			default:
			}
		}
	}()
	var all sync.WaitGroup
	began := time.Now()
	for i := range 32 {
		encoding, path := "gzip", "/ai/spans/publish"
		if i%2 == 0 {
			encoding = "zstd"
		}
		if i%4 < 2 {
			path = "/v1/traces"
		}
		all.Go(func() {
			a, err := g.trySend(path, bombs[encoding], header("Content-Encoding", encoding))
			if err != nil || a.status != 413 && a.status != 400 {
				t.Errorf("%s: %d %s, %v", encoding, a.status, a.body, err)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	close(stop)
	if most := <-peak; most > before+64<<20 {
		t.Errorf("%d MiB in use at the peak, %d before", most>>20, before>>20)
	} else {
		t.Logf("%v for 32 bombs, %d MiB above the %d before", took, int64(most-before)>>20, before>>20)
	}
}

// inUse is what the program holds of the system's memory.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapSys - m.HeapReleased
}
