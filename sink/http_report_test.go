package sink_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

const ledgerField = "Tailrace-Ledger"

// reporting starts a sender with a ledger of its own, and sends one body after the other.
func reporting(t *testing.T, c *sinktest.Collector, instance string) *rig {
	var r *rig
	r = start(t, c, sink.HTTPConfig{
		Probe: nothing, Instance: instance, Report: func() pipeline.Ledger { return r.p.Ledger() },
	}, pipeline.Config{})
	for i := range 3 {
		r.push(spans(2*i+1, 2*i+2, 10))
		if err := r.p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestNobodyIsToldWhoDoesNotAsk(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(200, ledgerField, "v2")) // what comes after this version is not known
		r := reporting(t, c, "")
		if err := errors.Join(r.stop(), r.h.Report(t.Context())); err != nil {
			t.Fatal(err)
		}
		if len(c.Requests()) != 3 {
			t.Errorf("%d requests", len(c.Requests()))
		}
		for _, q := range c.Requests() {
			if got := q.Header.Values(ledgerField); len(got) > 0 {
				t.Errorf("sent %q", got)
			}
		}
	})
}

// From the answer that asks on, each request says how it stands, and Report how it ended.
func TestWhoAsksIsToldTheLedger(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(200, ledgerField, "v1"))
		r := reporting(t, c, "pod-7")
		if err := errors.Join(r.stop(), r.h.Report(t.Context())); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, q := range c.Requests() {
			got = append(got, q.Header.Get(ledgerField))
		}
		line := "instance=pod-7, accepted=%d, made=0, delivered=%d, filtered=0, dropped=0, failed=0, abandoned=0, spooled=0, in_flight=%d"
		want := []string{"", fmt.Sprintf(line, 4, 2, 2), fmt.Sprintf(line, 6, 4, 2), fmt.Sprintf(line, 6, 6, 0)}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// A proxy that answers 502 for the endpoint takes nothing back, and asks for nothing.
func TestAnErrorDoesNotAsk(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(404, ledgerField, "v1"))
		r := reporting(t, c, "")
		_ = r.stop() // all is lost
		if err := r.h.Report(t.Context()); err != nil || len(c.Requests()) != 3 {
			t.Errorf("%v, %d requests", err, len(c.Requests()))
		}
		for _, q := range c.Requests() {
			if q.Header.Get(ledgerField) != "" {
				t.Errorf("sent %q", q.Header)
			}
		}
	})
}

func TestInstanceIsChecked(t *testing.T) {
	for _, name := range []string{"a b", "a,b", "a=b", "line\nfeed", `"`, "é", strings.Repeat("a", 65)} {
		h := sink.NewHTTP(sink.HTTPConfig{Endpoint: "http://127.0.0.1:1", Instance: name})
		if err := h.Verify(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "HTTPConfig.Instance") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
