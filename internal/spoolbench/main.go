// Command spoolbench measures what a large backlog costs the exporter that finds it: how long it takes
// to open, until the first request, and until all is delivered, and its memory meanwhile.
//
//	go run ./internal/spoolbench -bytes 1073741824 -entry 262144
//
// The backlog is made by one process, and sent by another, to a server in the first.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/spool"
)

// Variables that make a process the one that sends.
const (
	dirVariable      = "TAILRACE_SPOOLBENCH_DIR"
	endpointVariable = "TAILRACE_SPOOLBENCH_ENDPOINT"
)

// result is what a run came to.
type result struct {
	Entries   int           `json:"entries"`
	Bytes     int64         `json:"bytes"` // of the backlog, on disk
	Open      time.Duration `json:"open_ns"`
	First     time.Duration `json:"first_send_ns"` // from the start of the exporter
	Drain     time.Duration `json:"drain_ns"`
	RSS       int64         `json:"rss_bytes"` // the most, -1 if the system does not say
	Delivered int64         `json:"delivered"`
	Left      int64         `json:"left_bytes"` // on disk, after the drain
}

func (r result) String() string {
	return fmt.Sprintf("%d entries, %d MiB: open %v, first send %v, drained in %v, RSS %.1f MiB, %d spans delivered, %d bytes left on disk",
		r.Entries, r.Bytes>>20, r.Open.Round(time.Microsecond), r.First.Round(time.Microsecond), r.Drain.Round(time.Millisecond),
		float64(r.RSS)/(1<<20), r.Delivered, r.Left)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if dir := os.Getenv(dirVariable); dir != "" {
		return send(dir, os.Getenv(endpointVariable), os.Stdout)
	}
	total := flag.Int64("bytes", 1<<30, "size of the backlog")
	entry := flag.Int("entry", 256<<10, "size of one entry")
	flag.Parse()
	r, err := measure(*total, *entry)
	if err == nil {
		fmt.Println(r)
	}
	return err
}

// measure makes a backlog, has another process send it, and returns what that measured.
func measure(total int64, entry int) (r result, err error) {
	dir, err := os.MkdirTemp("", "spoolbench")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	entries, err := fill(dir, total, entry)
	if err != nil {
		return r, err
	}
	var first atomic.Int64 // when the first request came, in Unix nanoseconds
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return r, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		first.CompareAndSwap(0, time.Now().UnixNano())
		_, _ = io.Copy(io.Discard, request.Body)
	})}
	go func() { _ = server.Serve(listener) }() // Close ends it
	defer func() { _ = server.Close() }()

	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	child := exec.Command(self) //nolint:gosec // it is this program
	child.Env = append(os.Environ(), dirVariable+"="+dir, endpointVariable+"=http://"+listener.Addr().String())
	child.Stderr = os.Stderr
	out, err := child.Output()
	if err != nil {
		return r, err
	}
	var report struct {
		result
		Began int64 `json:"began"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return r, err
	}
	r = report.result
	r.Entries, r.Bytes, r.First = entries, total, time.Duration(first.Load()-report.Began)
	files, err := filepath.Glob(filepath.Join(dir, "*.batch"))
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			r.Left += info.Size()
		}
	}
	return r, err
}

// spansEach is how many spans an entry has.
const spansEach = 100

// fill makes a backlog of entries that look as if they were compressed.
func fill(dir string, total int64, entry int) (entries int, err error) {
	d, err := spool.Open(spool.Config{Dir: dir})
	if err != nil {
		return 0, err
	}
	defer func() { _ = d.Close() }()
	body := &pipeline.Body{Data: make([]byte, entry), ContentType: "application/json", ContentEncoding: "gzip"}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range body.Data {
		body.Data[i] = byte(rng.Uint32())
	}
	for i := range spansEach {
		body.Parts = append(body.Parts, pipeline.Part{From: i * entry / 10, To: (i+1)*entry/10 - 1})
	}
	for written := int64(0); written < total; entries++ {
		e, err := d.Put(body, fmt.Sprintf("%032x", entries))
		if err != nil {
			return entries, err
		}
		written += e.Bytes
	}
	return entries, nil
}

// send is the process that is measured.
func send(dir, endpoint string, out io.Writer) error {
	opened := time.Now()
	d, err := spool.Open(spool.Config{Dir: dir})
	if err != nil {
		return err
	}
	if _, err := d.Backlog(); err != nil {
		return err
	}
	var r struct {
		result
		Began int64 `json:"began"`
	}
	r.Open = time.Since(opened)
	if err := d.Close(); err != nil {
		return err
	}
	began := time.Now()
	r.Began = began.UnixNano()
	exporter, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken: "not-a-token", TracesEndpoint: endpoint, IgnoreEnv: true,
		Logger: slog.New(slog.DiscardHandler),
		Spool:  observability.CloudSpool{Dir: dir, MaxBytes: 1 << 40},
	})
	if err != nil {
		return err
	}
	if err := exporter.Shutdown(context.Background()); err != nil {
		return err
	}
	r.Drain, r.RSS, r.Delivered = time.Since(began), peakRSS(), exporter.Stats().Ledger.Delivered
	return json.NewEncoder(out).Encode(r)
}

// peakRSS is the most memory that this process had resident.
func peakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			if kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64); err == nil {
				return kib << 10
			}
		}
	}
	return -1
}
