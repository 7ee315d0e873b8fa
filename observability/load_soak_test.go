package observability_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// forgetful is an endpoint that keeps one bit for each span, so that it takes the same memory for
// ever. Four of a hundred requests meet a fault.
type forgetful struct {
	mu       sync.Mutex
	seen     []uint64
	spans    int // that are stored
	repeated int
	healthy  bool // no request meets a fault
	requests int
	unstored int // requests that stored nothing
	unheard  int // requests that stored, and gave no answer
}

// ServeHTTP implements [http.Handler].
func (f *forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := gzip.NewReader(r.Body)
	var got struct {
		Spans []struct {
			ID string `json:"spanId"`
		} `json:"spans"`
	}
	if err == nil {
		err = json.NewDecoder(body).Decode(&got)
	}
	if err != nil && r.Header.Get("Content-Encoding") != "" {
		http.Error(w, "no JSON", http.StatusTeapot) // final, so that the account shows it
		return
	}
	f.mu.Lock()
	n := 0 // a probe meets no fault
	if len(got.Spans) > 0 {
		if f.requests++; !f.healthy {
			n = f.requests % 100
		}
	}
	if n == 2 || n == 50 {
		f.unstored++
	}
	f.mu.Unlock()
	switch n {
	case 2:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case 50:
		hangUp(w, r)
		return
	case 8:
		time.Sleep(50 * time.Millisecond)
	}
	f.mu.Lock()
	for _, s := range got.Spans {
		n, err := strconv.ParseUint(s.ID, 16, 64)
		if err != nil || n/64 >= uint64(len(f.seen)) {
			f.mu.Unlock()
			http.Error(w, "nobody has sent this span", http.StatusTeapot)
			return
		}
		if bit := uint64(1) << (n % 64); f.seen[n/64]&bit == 0 {
			f.seen[n/64] |= bit
			f.spans++
		} else {
			f.repeated++
		}
	}
	if n == 4 {
		f.unheard++
	}
	f.mu.Unlock()
	if n == 4 {
		hangUp(w, r)
		return
	}
	_, _ = io.WriteString(w, "{}")
}

// openFiles counts the descriptors of this process, or is -1 where nobody says.
func openFiles() int {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return -1
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return -1
	}
	return len(names)
}

// look is the process at a moment when nothing is in flight.
type look struct {
	at         time.Duration
	heap       int64
	goroutines int
	files      int
}

// slope is how fast the heap grows, in bytes an hour: the line that fits best.
func slope(looks []look) float64 {
	var n, x, y, xx, xy float64
	for _, l := range looks {
		at, heap := l.at.Hours(), float64(l.heap)
		n, x, y, xx, xy = n+1, x+at, y+heap, xx+at*at, xy+at*heap
	}
	return (n*xy - x*y) / (n*xx - x*x)
}

// TestSoak runs an exporter on real sockets against an endpoint that fails now and then, for the time
// in TAILRACE_SOAK, as in
//
//	TAILRACE_SOAK=30m go test -run TestSoak -v -timeout 1h ./observability
//
// or for a moment, which shows no slope. Memory, goroutines and files stay, and each span arrives.
func TestSoak(t *testing.T) {
	const rate, tick = 200, 20 * time.Millisecond // spans a second
	lasts := 400 * time.Millisecond
	if text := os.Getenv("TAILRACE_SOAK"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatalf("TAILRACE_SOAK: %v", err)
		}
	}
	every := max(lasts/60, 100*time.Millisecond)
	endpoint := &forgetful{seen: make([]uint64, int(lasts.Seconds()+60)*rate/64)}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		IgnoreEnv: true, AccessToken: fakeToken, TracesEndpoint: server.URL,
		Compression: observability.CompressGzip, Senders: 2, MaxSenders: 2,
		MaxBatchSize: 50, MaxBatchWait: 50 * time.Millisecond, LogLevel: 12,
	})
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	export := func() {
		s := fresh(accepted, 200+accepted%1800)
		s.TraceID = span.TraceID(fmt.Sprintf("%032x", accepted/10+1))
		if err := e.Export(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		accepted++
	}
	var looks []look
	began, next := time.Now(), time.Duration(0)
	for time.Since(began) < lasts {
		for range rate * int(tick) / int(time.Second) {
			export()
		}
		time.Sleep(tick)
		if now := time.Since(began); now >= next {
			next = now + every
			if lasts >= time.Minute { // else the flushes would be all there is
				if err := e.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			looks = append(looks, look{now, heap(), runtime.NumGoroutine(), openFiles()})
		}
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	l := e.Stats().Ledger
	if want := (pipeline.Ledger{Accepted: int64(accepted), Delivered: int64(accepted)}); l != want {
		t.Errorf("ledger %+v, want %+v", l, want)
	}
	if endpoint.spans != accepted || endpoint.repeated > 50*endpoint.unheard {
		t.Errorf("%d of %d spans are stored; %d came again, after %d lost answers", endpoint.spans, accepted, endpoint.repeated, endpoint.unheard)
	}
	if endpoint.unstored < 1 || endpoint.unheard < 1 {
		t.Errorf("%d requests are too few for the faults", endpoint.requests)
	}

	warm := looks[len(looks)/6:]
	first, last := warm[:len(warm)/2], warm[len(warm)/2:]
	most := func(looks []look, of func(look) int) (n int) {
		for _, l := range looks {
			n = max(n, of(l))
		}
		return n
	}
	// A connection that was broken, or not yet, is two files and three or four goroutines.
	const conn = 2 * 4
	for name, of := range map[string]func(look) int{
		"goroutines": func(l look) int { return l.goroutines },
		"open files": func(l look) int { return l.files },
	} {
		if before, after := most(first, of), most(last, of); after > before+conn {
			t.Errorf("%d %s in the first half, %d in the second", before, name, after)
		}
		t.Logf("%s: at most %d in the first half, %d in the second", name, most(first, of), most(last, of))
	}
	grows := slope(warm) / (1 << 20)
	t.Logf("%v: %d spans in %d requests, of which %d failed and %d stored without an answer; heap from %.2f to %.2f MiB, slope %+.3f MiB/h",
		lasts, accepted, endpoint.requests, endpoint.unstored, endpoint.unheard,
		float64(warm[0].heap)/(1<<20), float64(warm[len(warm)-1].heap)/(1<<20), grows)
	if lasts >= 10*time.Minute && grows > 1 {
		t.Errorf("the heap grows by %.2f MiB an hour, the limit is 1", grows)
	}
	if warm[len(warm)-1].heap > warm[0].heap+10<<20 {
		t.Errorf("the heap grew from %d to %d bytes", warm[0].heap, warm[len(warm)-1].heap)
	}
	faults.Happened(t, "load.soak", "0 lost through failures and lost answers; goroutines and open files as before")
}
