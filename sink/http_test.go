package sink_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func TestRequest(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		cfg := sink.HTTPConfig{Header: http.Header{"x-lower": {"a", "b"}}}
		cfg.Authorize = func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer t")
			r.Header.Set("Idempotency-Key", "not this one")
			return nil
		}
		r := start(t, c, cfg, pipeline.Config{})
		r.push(span(1), compressed(span(2)))
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		for _, q := range c.Requests() {
			h := q.Header
			coding := h.Get("Content-Encoding")
			if q.Method != http.MethodPost || h.Get("Content-Type") != "application/json" || h.Get("Authorization") != "Bearer t" ||
				len(h.Values("X-Lower")) != 2 || !strings.HasPrefix(h.Get("User-Agent"), "tailrace/") || len(q.Key) != 32 ||
				h.Get("Accept-Encoding") != "" || h.Get("Content-Length") != fmt.Sprint(q.EncodedBytes) || coding != "" && coding != "gzip" {
				t.Errorf("%s %v", q.Method, h)
			}
		}
		checkOnce(t, c, 2)
		r.check(pipeline.Ledger{Accepted: 2, Delivered: 2})
	})
}

// 415, and 400 to the first compressed body: that body again plain, and all later ones plain.
func TestCompressionIsGivenUp(t *testing.T) {
	refuse := func(code int) sinktest.Fault {
		return sinktest.When(sinktest.Request.Compressed, sinktest.Status(code))
	}
	for _, code := range []int{400, 415} {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Set(refuse(code))
			r := start(t, c, sink.HTTPConfig{MaxSenders: 1}, pipeline.Config{})
			for i := range 5 {
				r.push(compressed(spans(10*i+1, 10*i+10, 10)))
			}
			if err := r.stop(); err != nil {
				t.Error(code, err)
			}
			requests := c.Requests()
			if len(requests) != 6 || requests[0].Key != requests[1].Key {
				t.Errorf("%d: %d requests for 5 bodies", code, len(requests))
			}
			if got := r.since(time.Now()); got > 100*time.Millisecond {
				t.Errorf("%d: took %v", code, got)
			}
			if !r.h.Stats().Plain {
				t.Errorf("%d: compression is still on", code)
			}
			checkOnce(t, c, 50)
			r.check(pipeline.Ledger{Accepted: 50, Delivered: 50})
		})
	}
	t.Run("400 to a later one is a bad body", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Script(nil, sinktest.Status(400))
			r := start(t, c, sink.HTTPConfig{MaxSenders: 1}, pipeline.Config{})
			r.push(compressed(span(1)), compressed(span(2)), compressed(span(3)))
			_ = r.stop()
			if n := len(c.Requests()); n != 3 || r.h.Stats().Plain || r.reason(pipeline.ReasonRejected) != 1 {
				t.Errorf("%d requests, %+v", n, r.h.Stats())
			}
			r.check(pipeline.Ledger{Accepted: 3, Delivered: 2, Failed: 1})
		})
	})
	t.Run("400 to a bad body, plain too, proves nothing", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Script(slices.Repeat([]sinktest.Fault{sinktest.Status(400)}, 2)...)
			r := start(t, c, sink.HTTPConfig{MaxSenders: 1}, pipeline.Config{})
			r.push(compressed(span(1)), compressed(span(2)))
			_ = r.stop()
			if requests := c.Requests(); len(requests) != 3 || !requests[2].Compressed() || r.h.Stats().Plain {
				t.Errorf("%d requests, %+v", len(requests), r.h.Stats())
			}
			r.check(pipeline.Ledger{Accepted: 2, Delivered: 1, Failed: 1})
		})
	})
	t.Run("415 to a plain body is final", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Set(sinktest.Status(415))
			r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
			bare := compressed(span(2))
			bare.Plain = nil
			r.push(span(1), bare)
			_ = r.stop()
			if got := r.reason(pipeline.ReasonRejected); got != 2 || len(c.Requests()) != 2 {
				t.Errorf("%v", r.p.Stats().Losses)
			}
			r.check(pipeline.Ledger{Accepted: 2, Failed: 2})
		})
	})
	faults.Happened(t, "http.415", "415, or 400 to the first compressed body: 5 bodies, 6 requests, all delivered; that body again under its key, and the others, plain")
	faults.Happened(t, "http.415-plain", "failed: rejected, after 1 request")
	faults.Happened(t, "http.400", "to a later compressed body: failed: rejected; to one that is refused plain too: the same, and compression stays on")
}

func TestSettingsAreChecked(t *testing.T) {
	const token = "canary-4711"
	for field, cfg := range map[string]sink.HTTPConfig{
		"HTTPConfig.Endpoint: it is empty":                  {},
		"HTTPConfig.Endpoint: it is no URL":                 {Endpoint: "http://a b/" + token},
		"HTTPConfig.Endpoint: its scheme":                   {Endpoint: "ftp://example.com/" + token},
		"HTTPConfig.Endpoint: it has no host":               {Endpoint: "https:///" + token},
		"HTTPConfig.Endpoint: it has a user":                {Endpoint: "https://me:" + token + "@example.com"},
		"HTTPConfig.Endpoint: it has a fragment":            {Endpoint: "https://example.com#" + token},
		"HTTPConfig.Endpoint: it would send":                {Endpoint: "http://example.com", Header: http.Header{"Authorization": {token}}},
		"HTTPConfig.Endpoint: it would send cred":           {Endpoint: "http://10.0.0.1", Header: http.Header{"X-Api-Key": {token}}},
		"HTTPConfig.Endpoint: it would send credentials in": {Endpoint: "http://[2001:db8::1]", Authorize: func(context.Context, *http.Request) error { return nil }},
		"HTTPConfig.Senders is -1":                          {Endpoint: "https://example.com", Senders: -1},
		"HTTPConfig.Senders is 17":                          {Endpoint: "https://example.com", Senders: 17},
		"HTTPConfig.Timeout":                                {Endpoint: "https://example.com", Timeout: -1},
		"HTTPConfig.MaxResponseBytes":                       {Endpoint: "https://example.com", MaxResponseBytes: -1},
		"HTTPConfig.Retry: RetryConfig.Min":                 {Endpoint: "https://example.com", Retry: sink.RetryConfig{Min: -1}},
		"HTTPConfig.Retry: RetryConfig.Max":                 {Endpoint: "https://example.com", Retry: sink.RetryConfig{Max: 1}},
		"HTTPConfig.Retry: RetryConfig.MaxRetries":          {Endpoint: "https://example.com", Retry: sink.RetryConfig{MaxRetries: -1}},
		"HTTPConfig.Header: the value of the field X-A":     {Endpoint: "https://example.com", Header: http.Header{"X-A": {token + "\r\nX-B: c"}}},
		"HTTPConfig.Header: the value of the field X-B":     {Endpoint: "https://example.com", Header: http.Header{"X-B": {token + "é"}}},
		`HTTPConfig.Header: "X A" is no name`:               {Endpoint: "https://example.com", Header: http.Header{"X A": {token}}},
		`HTTPConfig.Header: "" is no name`:                  {Endpoint: "https://example.com", Header: http.Header{"": {token}}},
		"HTTPConfig.Header: the field content-encoding":     {Endpoint: "https://example.com", Header: http.Header{"content-encoding": {token}}},
		"HTTPConfig.DialContext and":                        {Endpoint: "https://example.com", TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Transport: http.DefaultTransport},
	} {
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, pipeline.SourceFunc[*pipeline.Body](func(context.Context, *pipeline.Outlet[*pipeline.Body]) error { return nil })),
			sink.NewHTTP(cfg).Sink())
		err := p.Run(t.Context())
		if !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), field) || strings.Contains(err.Error(), token) {
			t.Errorf("got %v, want %s", err, field)
		}
	}
	for _, cfg := range []sink.HTTPConfig{
		{Endpoint: "http://example.com"},
		{Endpoint: "http://example.com", AllowInsecure: true, Header: http.Header{"Authorization": {token}}},
		{Endpoint: "http://localhost:1", Header: http.Header{"Authorization": {token}}},
		{Endpoint: "http://127.9.9.9", Header: http.Header{"Authorization": {token}}},
		{Endpoint: "http://[::1]:80", Header: http.Header{"Authorization": {token}}},
		{Endpoint: "https://example.com/?q=1", Header: http.Header{"Authorization": {token}}, Senders: 16},
	} {
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, pipeline.SourceFunc[*pipeline.Body](func(context.Context, *pipeline.Outlet[*pipeline.Body]) error { return nil })),
			sink.NewHTTP(cfg).Sink())
		if err := p.Run(t.Context()); err != nil {
			t.Errorf("%v", err)
		}
	}
	faults.Happened(t, "input.config-sender", "22 mistakes: each an ErrConfig of Run that names the field, and shows no token")
}

// A token source that fails pauses the sending, and no text shows what it, or the URL, may hold.
func TestAuthorizeErrorPauses(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		const token = "canary-4711"
		var calls atomic.Int32
		r := start(t, c, sink.HTTPConfig{
			Endpoint: c.URL() + "/ai/spans/publish?key=" + token,
			Authorize: func(_ context.Context, r *http.Request) error {
				switch calls.Add(1) {
				case 1:
					return &url.Error{Op: "Get", URL: "https://login.example/?secret=" + token, Err: errors.New("no route")}
				case 2:
					r.Header.Set("Authorization", "Bearer "+token+"\n")
				}
				return nil
			},
		}, pipeline.Config{})
		r.push(span(1))
		for range 2 {
			time.Sleep(time.Second)
			state := r.h.State()
			if state.Mode != sink.Paused || !strings.Contains(fmt.Sprint(state.Err), "HTTPConfig.Authorize: ") {
				t.Errorf("state %+v", state)
			}
			if text := fmt.Sprintf("%v %+v", state, r.h.Stats()); strings.Contains(text, token) {
				t.Errorf("the token shows: %s", text)
			}
			time.Sleep(30 * time.Second)
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		checkOnce(t, c, 1)
		r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
	})
}

func TestNoVerbShowsASecret(t *testing.T) {
	const token = "canary-4711"
	cfg := sink.HTTPConfig{Endpoint: "https://example.com/?q=" + token, Header: http.Header{"Authorization": {"Bearer " + token}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{cfg, &cfg, sink.NewHTTP(cfg), struct{ C sink.HTTPConfig }{cfg}} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, token) || strings.Contains(text, fmt.Sprintf("%x", token)) || !strings.Contains(text, "https://example.com") {
				t.Errorf("%s of %T: %s", verb, v, text)
			}
		}
	}
}

// The URL is in no error of a request, since its query may be a secret.
func TestNetworkErrorsDoNotShowTheURL(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Down()
		r := start(t, c, sink.HTTPConfig{Endpoint: c.URL() + "/canary-4711?canary-4711"}, pipeline.Config{DrainTimeout: 5 * time.Second})
		r.push(span(1))
		err := r.stop()
		text := fmt.Sprint(err, r.h.Stats(), r.states)
		if strings.Contains(text, "canary") || !strings.Contains(text, "refused") {
			t.Error(text)
		}
		c.Up()
		r.check(pipeline.Ledger{Accepted: 1, Abandoned: 1})
	})
}

// A panic in a function of the user's ends a run whose policy says so, and everything is in the account.
func TestPanicInAuthorize(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(503))
		var calls atomic.Int32
		h := sink.NewHTTP(sink.HTTPConfig{Endpoint: c.URL() + "/", DialContext: c.DialContext, Authorize: func(context.Context, *http.Request) error {
			if calls.Add(1) == 10 {
				panic("oh")
			}
			return nil
		}})
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Hour})
		pipeline.To(pipeline.From(p, pipeline.SourceFunc[*pipeline.Body](func(_ context.Context, out *pipeline.Outlet[*pipeline.Body]) error {
			for i := range 100 {
				if err := out.Send(span(i + 1)); err != nil {
					return err
				}
			}
			return nil
		})), h.Sink(), pipeline.OnError(pipeline.FailRun))
		began := time.Now()
		err := p.Run(t.Context())
		var panicked *pipeline.PanicError
		if !errors.As(err, &panicked) || panicked.Value != "oh" {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("took %v", took)
		}
		if l := p.Ledger(); l.Balance() != 0 || l.InFlight != 0 || l.Lost() != l.Accepted {
			t.Errorf("%+v", l)
		}
	})
}

// One handle may serve one run after the other: what it learned stays.
func TestHandleOutlivesARun(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Unsupported())
		h := sink.NewHTTP(sink.HTTPConfig{Endpoint: c.URL() + "/", DialContext: c.DialContext})
		for range 3 {
			p := pipeline.New(pipeline.Config{})
			pipeline.To(pipeline.From(p, pipeline.SourceFunc[*pipeline.Body](func(_ context.Context, out *pipeline.Outlet[*pipeline.Body]) error {
				return out.Send(compressed(span(1)))
			})), h.Sink())
			if err := p.Run(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if n := len(c.Requests()); n != 4 {
			t.Errorf("%d requests, want one refusal and 3 bodies", n)
		}
	})
}

// A transport of the caller's own is used, and its connections are left to it.
func TestTransportOfTheCallers(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, sink.HTTPConfig{Transport: c.Transport()}, pipeline.Config{})
		r.push(span(1))
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		checkOnce(t, c, 1)
		r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
	})
}

// Connections are kept between requests, as many as there are senders, and closed before Run
// returns.
func TestConnectionsAreKeptAndClosed(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		var open, dials atomic.Int32
		r := start(t, c, sink.HTTPConfig{MaxSenders: 4, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := c.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			dials.Add(1)
			open.Add(1)
			return &countedConn{Conn: conn, open: &open}, nil
		}}, pipeline.Config{})
		c.Set(sinktest.Delay(10 * time.Millisecond))
		for i := range 400 {
			r.push(span(i + 1))
		}
		if err := r.p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := dials.Load(); n != 4 {
			t.Errorf("%d dials for 400 requests of 4 senders", n)
		}
		err := r.stop()
		synctest.Wait() // net/http closes them in goroutines of their own
		if n := open.Load(); err != nil || n != 0 {
			t.Errorf("%d connections are open after the run: %v", n, err)
		}
		r.check(pipeline.Ledger{Accepted: 400, Delivered: 400})
	})
}

type countedConn struct {
	net.Conn
	open *atomic.Int32
	shut atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.shut.Swap(true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// Random faults, random bodies, some drains cut short: nothing is lost that was not said.
func TestRandomFaults(t *testing.T) {
	schedules := uint64(150)
	if testing.Short() {
		schedules = 30
	}
	for seed := range schedules {
		synctest.Test(t, func(t *testing.T) {
			c := sinktest.StartPipe(t, sinktest.Config{})
			faults := []sinktest.Fault{
				sinktest.Status(503), sinktest.Status(429, "Retry-After", "3"), sinktest.Status(500), sinktest.Status(401), sinktest.Status(413),
				sinktest.ResetBeforeBody(), sinktest.ResetMidBody(), sinktest.ResetAfterBody(), sinktest.AnswerLost(), sinktest.AnswerLate(time.Minute),
				sinktest.Stall(), sinktest.Delay(3 * time.Second), sinktest.HTMLPage(), sinktest.Unsupported(), sinktest.EndlessBody(503),
			}
			c.OnRequest(func(r sinktest.Request) sinktest.Fault {
				rng := r.Rand(seed)
				if r.Attempt > 6 || rng.IntN(3) > 0 {
					return nil
				}
				if r.Records == 1 { // a single span must not be too large
					return faults[rng.IntN(4)]
				}
				f := rng.IntN(len(faults))
				if f == 4 && strings.Count(r.Key, ".") > 1 {
					return nil
				}
				return faults[f]
			})
			rng := rand.New(rand.NewPCG(seed, 1))
			pcfg := pipeline.Config{MaxBytes: 1 << 20}
			if seed%3 == 0 {
				pcfg.DrainTimeout = time.Duration(rng.IntN(20)) * time.Second
				pcfg.DrainTimeout = max(pcfg.DrainTimeout, time.Millisecond)
			}
			r := start(t, c, sink.HTTPConfig{Rand: rand.NewPCG(seed, 2), Senders: 1 + rng.IntN(16)}, pcfg)
			total := 0
			for range 5 + rng.IntN(20) {
				n := 8 + rng.IntN(20)
				body := spans(total+1, total+n, rng.IntN(500))
				if rng.IntN(2) == 0 {
					compressed(body)
				}
				total += n
				r.push(body)
				time.Sleep(time.Duration(rng.IntN(2000)) * time.Millisecond)
			}
			_ = r.stop()
			got := r.p.Ledger()
			r.check(pipeline.Ledger{Accepted: int64(total), Delivered: got.Delivered, Abandoned: got.Abandoned})
			if got.Delivered+got.Abandoned != int64(total) || pcfg.DrainTimeout == 0 && got.Abandoned > 0 {
				t.Errorf("seed %d: %+v %v", seed, got, r.p.Stats().Losses)
			}
			if int64(c.Len()) < got.Delivered || pcfg.DrainTimeout == 0 && c.Len() != total {
				t.Errorf("seed %d: %d stored, %d delivered of %d", seed, c.Len(), got.Delivered, total)
			}
			if used := r.p.Stats().Bytes; used != 0 {
				t.Errorf("seed %d: %d bytes are still charged", seed, used)
			}
		})
	}
}

// On a real socket, real bytes: a smoke test of the rate.
func TestLoopback(t *testing.T) {
	c := sinktest.Start(t, sinktest.Config{IDsOnly: true})
	r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
	const bodies, size = 100, 100
	for i := range bodies {
		r.push(compressed(spans(i*size+1, (i+1)*size, 200)))
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	checkOnce(t, c, bodies*size)
	t.Logf("%.0f spans/s", bodies*size/time.Since(r.began).Seconds())
	r.check(pipeline.Ledger{Accepted: bodies * size, Delivered: bodies * size})
}

// What is sent over TLS may go over HTTP/2, in one connection.
func TestHTTP2(t *testing.T) {
	var two atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		if q.ProtoMajor == 2 {
			two.Add(1)
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	r := start(t, nil, sink.HTTPConfig{
		Endpoint: server.URL, TLS: server.Client().Transport.(*http.Transport).TLSClientConfig, DialContext: (&net.Dialer{}).DialContext,
	}, pipeline.Config{})
	for i := range 50 {
		r.push(spans(10*i+1, 10*i+10, 1000))
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if n := two.Load(); n != 50 {
		t.Errorf("%d of 50 over HTTP/2", n)
	}
	r.check(pipeline.Ledger{Accepted: 500, Delivered: 500})
}
