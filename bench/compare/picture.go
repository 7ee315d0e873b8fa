package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tailrace-go/tailrace/bench/internal/chart"
	"github.com/tailrace-go/tailrace/bench/internal/outcome"
)

// A picture is one panel: who did a job, by one figure, as ratios to the base. Where more of a figure is better the
// inverse is shown, so that the shortest bar is always the best.
type picture struct {
	title, note       string
	job, figure, base string
	bars              []bar
}

type bar struct {
	label, impl string
	goal        float64 // the most that is asked, or 0
}

var pictures = []picture{
	{"Map, filter, batch of 1000 (J1)", "time an item; a goroutine and a channel of 64 a stage = 1", "J1", "ns/item", "chan64", []bar{
		{"tailrace, in place", "tailrace-inplace", 0}, {"tailrace", "tailrace", 0.29}, {"samber/ro", "ro", 0},
		{"golem", "golem", 0}, {"splunk", "splunk", 0}, {"RxGo", "RxGo", 0}, {"rill", "rill", 0}, {"chan 64", "chan64", 0},
	}},
	{"Ten stages (J2)", "time an item; a goroutine and a channel of 64 a stage = 1", "J2", "ns/item", "chan64", []bar{
		{"tailrace, in place", "tailrace-inplace", 0}, {"tailrace", "tailrace", 0}, {"a goroutine a stage", "tailrace-async", 0.23},
		{"samber/ro", "ro", 0}, {"golem", "golem", 0}, {"rill", "rill", 0}, {"chan 64", "chan64", 0},
	}},
	{"Four workers, in order (J3)", "time an item; channels of 64 and a map = 1", "J3o", "ns/item", "chan64", []bar{
		{"tailrace", "tailrace", 0.6}, {"conc/stream", "conc-stream", 0}, {"rill", "rill", 0}, {"chan 64", "chan64", 0},
	}},
	{"8 producers into J1 (J4)", "time an item; channels of 64 = 1", "J4/producers=8", "ns/item", "chan64", []bar{
		{"tailrace", "tailrace", 0.25}, {"samber/ro", "ro", 0}, {"chan 64", "chan64", 0},
	}},
	{"Four lanes by key (J5)", "time an item; channels of 64 = 1", "J5", "ns/item", "chan64", []bar{
		{"tailrace", "tailrace", 0.4}, {"samber/ro", "ro", 0}, {"golem", "golem", 0}, {"chan 64", "chan64", 0},
	}},
	{"One item through five idle stages", "median latency; unbuffered channels = 1", "Idle", "p50-ns", "chan0", []bar{
		{"tailrace", "tailrace", 1.1}, {"a goroutine a stage", "tailrace-async", 1.2}, {"samber/ro", "ro-observeon", 0}, {"chan 0", "chan0", 0},
	}},
	{"Handing over a span, 1 producer", "time a span; OpenTelemetry's BatchSpanProcessor = 1", "HandOff/producers=1", "ns/span", "bsp", []bar{
		{"tailrace", "tailrace", 0.7}, {"Collector's helper", "exporterhelper-built", 0}, {"OTel SDK", "bsp", 0},
	}},
	{"Handing over a span, 8 producers", "time a span; OpenTelemetry's BatchSpanProcessor = 1", "HandOff/producers=8", "ns/span", "bsp", []bar{
		{"tailrace", "tailrace", 0.3}, {"Collector's helper", "exporterhelper-built", 0}, {"OTel SDK", "bsp", 0},
	}},
	{"To a collector, not compressed", "time a span; OpenTelemetry's SDK = 1", "EndToEnd/compression=none,batch=1000", "spans/s", "bsp", []bar{
		{"tailrace", "tailrace", 0.25}, {"by hand, no queue", "reference", 0}, {"Collector's helper", "exporterhelper", 0}, {"OTel SDK", "bsp", 0},
	}},
	{"To a collector, compressed", "time a span; OpenTelemetry's SDK, gzip = 1", compressed, "spans/s", "bsp-gzip", []bar{
		{"tailrace, zstd", "tailrace", 0.125}, {"by hand, zstd", "reference", 0}, {"helper, zstd", "exporterhelper", 0},
		{"helper, gzip", "exporterhelper-gzip", 0}, {"OTel SDK, gzip", "bsp-gzip", 0},
	}},
	{"The same in CPU time", "CPU of the client a span; OpenTelemetry's SDK, gzip = 1", compressed, "cpu-µs/span", "bsp-gzip", []bar{
		{"tailrace, zstd", "tailrace", 0.25}, {"by hand, zstd", "reference", 0}, {"helper, zstd", "exporterhelper", 0},
		{"helper, gzip", "exporterhelper-gzip", 0}, {"OTel SDK, gzip", "bsp-gzip", 0},
	}},
}

// The peers have no zstd by default, or none at all: all compressions are in one job, where theirs are named.
const compressed = "EndToEnd/compression=zstd,batch=1000"

// panels are the pictures that there are figures for.
func panels(jobs []outcome.Job) []chart.Panel {
	var all []chart.Panel
	for _, p := range pictures {
		if panel := p.panel(jobs); len(panel.Bars) > 1 {
			all = append(all, panel)
		}
	}
	return all
}

// panel has the bars that there are figures for: the base, and others in the same rounds.
func (p picture) panel(jobs []outcome.Job) chart.Panel {
	panel := chart.Panel{Title: p.title, Note: p.note}
	for _, b := range p.bars {
		shown := goal{job: p.job, of: b.impl, against: p.base}
		if outcome.Larger(p.figure) {
			shown.of, shown.against = shown.against, shown.of
		}
		values := shown.values(jobs, p.figure)
		if values == nil {
			continue
		}
		kind := chart.Peer
		switch {
		case b.impl == p.base:
			kind = chart.Base
		case strings.HasPrefix(b.impl, "tailrace"):
			kind = chart.Ours
		case find(jobs, p.job).Column(b.impl, p.figure) == nil:
			kind = chart.StandIn
		}
		panel.Bars = append(panel.Bars, chart.Bar{Label: b.label, Value: outcome.Median(values), Goal: b.goal, Kind: kind})
	}
	return panel
}

// writePictures draws what was kept in dir, for pages with a light and a dark ground.
func writePictures(dir string, jobs []outcome.Job) error {
	drawn := panels(jobs)
	if len(drawn) == 0 {
		return nil // what no picture shows was measured
	}
	notes := []string{"Shorter is better. Medians of ratios of the same round: go run ./bench/compare. Stand-ins: measured elsewhere, as a multiple of chan 64."}
	for i := range jobs {
		if jobs[i].Name == pictures[0].job {
			notes = append(notes, fmt.Sprintf("%s, %d rounds.", jobs[i].Environment, jobs[i].Rounds()))
		}
	}
	for name, theme := range map[string]chart.Theme{"compare-light.svg": chart.Light, "compare-dark.svg": chart.Dark} {
		svg := chart.DrawBars("What an item costs, side by side", drawn, notes, theme)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(svg), 0o644); err != nil {
			return err
		}
	}
	return nil
}
