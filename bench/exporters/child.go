package exporters

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// childEnv is set in the process that is the collector.
const childEnv = "TAILRACE_BENCH_COLLECTOR"

// Whatever links this package can be started again as a collector: a command, a test, a benchmark. It is done in init so
// that no main has to remember it, and the child does nothing else.
func init() {
	if os.Getenv(childEnv) == "" {
		return
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "exporters: the collector:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// keepBytes is what a collector keeps of a run at most, to decode it once its time is taken: 20 000 spans take 56 MB.
const keepBytes = 96 << 20

// A server is the collector in its own process. Its own address takes requests about it, the other one takes spans.
type server struct {
	mu      sync.Mutex
	data    *http.Server
	address string // of data, the same after it was closed
	setup   atomic.Pointer[setup]
}

// A setup is how the collector behaves, and what has come since it does.
type setup struct {
	Mode  Mode
	Delay time.Duration
	arena []byte // what is kept is in here; empty: nothing is

	requests, bytes, used, lost atomic.Int64

	mu     sync.Mutex
	bodies []body
	ended  chan struct{} // closed when another setup takes its place
}

// A body is what one request brought.
type body struct {
	encoding, contentType string
	data                  []byte
}

// serve is the child's whole life: it ends with its input.
func serve(in io.Reader, out io.Writer) error {
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &server{address: "127.0.0.1:0"}
	arena := make([]byte, keepBytes)
	s.setup.Store(&setup{Mode: OK, ended: make(chan struct{})})
	if err := s.open(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /set", func(w http.ResponseWriter, r *http.Request) {
		delay, _ := strconv.ParseInt(r.FormValue("delay"), 10, 64)
		next := &setup{Mode: Mode(r.FormValue("mode")), Delay: time.Duration(delay), ended: make(chan struct{})}
		if r.FormValue("keep") == "true" {
			next.arena = arena
		}
		if err := s.change(next); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) {
		counts, err := s.setup.Load().counts()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(counts)
	})
	ask := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 2)
	go func() { failed <- ask.Serve(control) }()
	if _, err := fmt.Fprintf(out, "%s %s\n", control.Addr(), s.address); err != nil {
		return err
	}
	go func() {
		_, err := io.Copy(io.Discard, in)
		failed <- err
	}()
	return <-failed
}

// open listens where spans are taken.
func (s *server) open() error {
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	s.address = listener.Addr().String()
	s.data = &http.Server{Handler: http.HandlerFunc(s.take), ReadHeaderTimeout: time.Minute}
	go func(server *http.Server) {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			_, _ = fmt.Fprintln(os.Stderr, "exporters: the collector:", err)
		}
	}(s.data)
	return nil
}

// change puts another setup in place, and ends what hangs.
func (s *server) change(next *setup) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.setup.Swap(next)
	close(last.ended)
	switch {
	case next.Mode == Refuse && last.Mode != Refuse:
		return s.data.Close()
	case next.Mode != Refuse && last.Mode == Refuse:
		return s.open()
	}
	return nil
}

// take is one request.
func (s *server) take(w http.ResponseWriter, r *http.Request) {
	now := s.setup.Load()
	now.requests.Add(1)
	if now.Delay > 0 {
		select {
		case <-time.After(now.Delay):
		case <-now.ended:
		}
	}
	switch now.Mode {
	case Hang:
		_, _ = io.Copy(io.Discard, r.Body) // or the client may not even get that far
		select {
		case <-now.ended:
		case <-r.Context().Done():
		}
		return
	case Unavailable:
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err := now.read(r); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// read takes the body, in as few and large reads as there can be, and keeps it if it is to be kept.
func (s *setup) read(r *http.Request) error {
	n := r.ContentLength
	if len(s.arena) == 0 {
		return s.discard(r)
	}
	if n < 0 {
		data, err := io.ReadAll(r.Body)
		s.bytes.Add(int64(len(data)))
		if err == nil {
			s.keep(r, data)
		}
		return err
	}
	end := s.used.Add(n)
	if end > int64(len(s.arena)) {
		s.lost.Add(1)
		return s.discard(r)
	}
	data := s.arena[end-n : end : end]
	read, err := io.ReadFull(r.Body, data)
	s.bytes.Add(int64(read))
	if err == nil {
		s.keep(r, data)
	}
	return err
}

// discard reads the body into the same memory again and again.
func (s *setup) discard(r *http.Request) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r.Body}, *buf)
	s.bytes.Add(n)
	return err
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

func (s *setup) keep(r *http.Request, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, body{r.Header.Get("Content-Encoding"), r.Header.Get("Content-Type"), data})
}

// counts decodes what was kept.
func (s *setup) counts() (Counts, error) {
	c := Counts{Requests: int(s.requests.Load()), Bytes: s.bytes.Load()}
	if lost := s.lost.Load(); lost > 0 {
		return c, fmt.Errorf("%d bodies did not fit into %d bytes", lost, len(s.arena))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[[8]byte]int{}
	for _, b := range s.bodies {
		if err := b.each(func(id [8]byte, prompt, completion string) {
			c.Spans++
			c.Sum += mix(id, textSum(prompt), textSum(completion))
			seen[id]++
			c.Most = max(c.Most, seen[id])
		}); err != nil {
			return c, err
		}
	}
	c.IDs = len(seen)
	return c, nil
}
