package sinktest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func TestDownRefusesAndUpHeals(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		url := c.URL()
		post(t, c, call{body: spans(1, 1)}) // leaves an idle connection
		for range 3 {
			c.Down()
			c.Down()
			// The first use may still meet the idle connection's end.
			for i := range 2 {
				if got := post(t, c, call{body: spans(2, 2)}); got.err == nil || i == 1 && !errors.Is(got.err, syscall.ECONNREFUSED) {
					t.Errorf("while down: got %d, error %v; want ECONNREFUSED", got.code, got.err)
				}
			}
			c.Up()
			c.Up()
			if got := post(t, c, call{body: spans(2, 2)}); got.code != 200 || c.URL() != url {
				t.Errorf("when up again: got %d, error %v at %s", got.code, got.err, c.URL())
			}
		}
		checkLedger(t, c, sinktest.Ledger{Requests: 4, Received: 4, Stored: 2, Repeated: 2})
	})
}

func TestDownResetsRequestsBeingServed(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		arrived := make(chan struct{})
		c.OnRequest(func(sinktest.Request) sinktest.Fault {
			close(arrived)
			return sinktest.Stall()
		})
		failed := make(chan error)
		go func() { failed <- post(t, c, call{body: spans(1, 1)}).err }()
		<-arrived
		c.Down()
		if err := <-failed; !matches(err, syscall.ECONNRESET) {
			t.Errorf("got %v, want ECONNRESET", err)
		}
	})
}

// TestDownEndsWhatWasJustAccepted: no connection of before outlives Down, not even when Up follows at once.
func TestDownEndsWhatWasJustAccepted(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		for range 300 {
			conn, err := c.DialContext(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			c.Down()
			c.Up()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // fails if the end is known already
			if _, err := conn.Read(make([]byte, 1)); !matches(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
				t.Fatalf("the connection is still there: %v", err)
			}
			_ = conn.Close()
		}
	})
}

// TestDownWhileChildrenStart: a process that is being started holds a copy of each socket for a moment, which
// must not keep the port from Up.
func TestDownWhileChildrenStart(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := sinktest.Start(t, sinktest.Config{})
	var starters sync.WaitGroup
	var done atomic.Bool
	starters.Go(func() {
		for !done.Load() {
			if err := exec.Command(self, "-test.run=^$").Run(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		c.Down()
		c.Up()
		if err := c.Err(); err != nil {
			t.Error(err)
			break
		}
	}
	done.Store(true)
	starters.Wait()
}

func TestUpReportsAPortThatIsLost(t *testing.T) {
	c, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Down()
	thief, err := net.Listen("tcp", strings.TrimPrefix(c.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = thief.Close() }()
	c.Up()
	if err := c.Err(); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want EADDRINUSE", err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		post(t, c, call{body: spans(1, 1)})
		c.Close()
		c.Close()
		c.Up()
		for range 2 { // as in Down, the first may meet the end of the idle connection
			if got := post(t, c, call{body: spans(2, 2)}); got.err == nil {
				t.Errorf("got %d after Close", got.code)
			}
		}
		if err := c.WaitFor(t.Context(), 2); !errors.Is(err, sinktest.ErrClosed) || !strings.Contains(err.Error(), "1 of 2") {
			t.Errorf("WaitFor: got %v, want ErrClosed with 1 of 2", err)
		}
		if err := c.WaitFor(t.Context(), 1); err != nil {
			t.Errorf("WaitFor what is there: %v", err)
		}
	})
}

func TestWaitFor(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		var senders sync.WaitGroup
		for i := range 8 {
			senders.Go(func() { post(t, c, call{key: fmt.Sprint(i), body: spans(10*i, 10*i+4)}) })
		}
		if err := c.WaitFor(within(t, time.Minute), 40); err != nil {
			t.Error(err)
		}
		senders.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.WaitFor(ctx, 41); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "40 of 41") {
			t.Errorf("got %v, want Canceled with 40 of 41", err)
		}
		checkLedger(t, c, sinktest.Ledger{Requests: 8, Received: 40, Stored: 40})
	})
}

func TestMaxRequestsEndsALivelock(t *testing.T) {
	c, err := sinktest.New(sinktest.Config{MaxRequests: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Set(sinktest.Status(503))
	for n := 1; ; n++ {
		got := post(t, c, call{key: "k", body: spans(1, 1)})
		if got.err != nil {
			t.Fatal(got.err)
		}
		if got.code == 599 {
			if n != 11 {
				t.Errorf("the limit came at request %d, want 11", n)
			}
			break
		}
		if c.Err() != nil {
			t.Fatalf("request %d: %v", n, c.Err())
		}
	}
	post(t, c, call{body: spans(1, 1)})
	if err := c.Err(); err == nil || err.Error() != "sinktest: more than Config.MaxRequests = 10 requests" {
		t.Errorf("got %v", err)
	}
	if n := len(c.Requests()); n != 10 {
		t.Errorf("recorded %d requests, want 10", n)
	}
	checkLedger(t, c, sinktest.Ledger{Requests: 12, Unread: 2, Received: 10, Rejected: 10})
}

// failing is a test that records what happens to it instead of failing.
type failing struct {
	testing.TB
	errors   []any
	cleanups []func()
}

func (f *failing) Helper()            {}
func (f *failing) Error(args ...any)  { f.errors = append(f.errors, args...) }
func (f *failing) Cleanup(end func()) { f.cleanups = append(f.cleanups, end) }

func TestStartFailsATestThatWentOverTheLimit(t *testing.T) {
	f := &failing{TB: t}
	c := sinktest.Start(f, sinktest.Config{MaxRequests: 1})
	for range 2 {
		post(t, c, call{body: spans(1, 1)})
	}
	for _, end := range f.cleanups {
		end()
	}
	if len(f.errors) != 1 {
		t.Errorf("reported %v, want one error", f.errors)
	}
}

func TestConfigErrorsNameTheField(t *testing.T) {
	for field, config := range map[string]sinktest.Config{
		"Config.MaxBodyBytes": {MaxBodyBytes: -1},
		"Config.Paths":        {Paths: []string{"spans"}},
	} {
		for name, open := range map[string]func(sinktest.Config) (*sinktest.Collector, error){
			"New": sinktest.New, "Listen": sinktest.Listen,
		} {
			if _, err := open(config); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%s(%+v): got %v, want an error about %s", name, config, err, field)
			}
		}
	}
}

func TestOnDial(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		lookup := &net.DNSError{Err: "no such host", Name: "collector.example", IsNotFound: true}
		c.OnDial(func(ctx context.Context, n int) error {
			switch n {
			case 1:
				return lookup
			case 2:
				<-ctx.Done() // a black hole
				return ctx.Err()
			}
			return nil
		})
		if got := post(t, c, call{body: spans(1, 1)}); !errors.Is(got.err, lookup) {
			t.Errorf("first dial: got %v, want %v", got.err, lookup)
		}
		got := post(t, c, call{ctx: within(t, 10*time.Millisecond), body: spans(1, 1)})
		if !errors.Is(got.err, context.DeadlineExceeded) {
			t.Errorf("second dial: got %v, want a timeout", got.err)
		}
		if got := post(t, c, call{body: spans(1, 1)}); got.code != 200 {
			t.Errorf("third dial: got %d, error %v", got.code, got.err)
		}
	})
}

// The manual warns of this; it must stay true, or the warning go.
func TestNetHTTPReplaysOnItsOwn(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		send := func(key string) int {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL(), strings.NewReader(`{"spans":[]}`))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Idempotency-Key", key)
			response, err := c.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if _, err := io.Copy(io.Discard, response.Body); err != nil { // else the connection is not kept
				t.Fatal(err)
			}
			return response.StatusCode
		}
		send("first") // the next request goes over the same connection
		c.Script(sinktest.AnswerLost())
		if code := send("second"); code != 200 {
			t.Errorf("got %d", code)
		}
		requests := c.Requests()
		if len(requests) != 3 || requests[2].Key != "second" || requests[2].Attempt != 2 {
			t.Errorf("got %d requests, want a third as the second's second attempt", len(requests))
		}
	})
}

func TestARedirectThatIsFollowedComesBack(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		c.Script(sinktest.Redirect(307, "http://elsewhere.example/ai/spans/publish"))
		response, err := c.Client().Post(c.URL(), "application/json", strings.NewReader(`{"spans":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if requests := c.Requests(); len(requests) != 2 || requests[1].Host != "elsewhere.example" {
			t.Errorf("got %+v, want a second request for elsewhere.example", requests)
		}
	})
}

// The collector is a handler as well, for a server that is not its own.
func TestHandlerOfAnotherServer(t *testing.T) {
	c, err := sinktest.New(sinktest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()

	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	c.Script(sinktest.ResetAfterBody(), nil)
	send := func() (*http.Response, error) {
		return client.Post("http://"+listener.Addr().String(), "application/json", strings.NewReader(spans(1, 2)))
	}
	if response, err := send(); err == nil {
		response.Body.Close()
		t.Errorf("got %d, want a reset", response.StatusCode)
	}
	response, err := send()
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	checkLedger(t, c, sinktest.Ledger{Requests: 2, Received: 4, Stored: 2, Rejected: 2})
}

// Coders are the collector's own: one that was used in another bubble would end the process.
func TestTwoBubblesShareNothing(t *testing.T) {
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			c := sinktest.StartPipe(t, sinktest.Config{})
			for _, in := range []call{
				{coding: "zstd", body: pack(t, spans(1, 1), zstdWriter)},
				{coding: "gzip", body: pack(t, spans(1, 1), gzipWriter)},
				{coding: "s2", body: pack(t, spans(1, 1), s2Writer)},
			} {
				if got := post(t, c, in); got.code != 200 {
					t.Errorf("%s: got %d, error %v", in.coding, got.code, got.err)
				}
			}
		})
	}
}

func TestTheLawHoldsAtEveryMoment(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		c.OnRequest(func(r sinktest.Request) sinktest.Fault {
			return []sinktest.Fault{nil, sinktest.Status(500), sinktest.AnswerLost(), sinktest.ResetMidBody(),
				sinktest.PartialSuccess(1, "odd")}[r.Rand(1).IntN(5)]
		})
		var senders sync.WaitGroup
		for i := range 8 {
			senders.Go(func() {
				for range 20 {
					post(t, c, call{key: fmt.Sprint(i), body: spans(i, i+2)})
					if err := c.Ledger().Check(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		senders.Wait()
		if n := c.Ledger().Requests; n != 160 {
			t.Errorf("got %d requests, want 160", n)
		}
	})
}
