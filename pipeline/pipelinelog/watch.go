package pipelinelog

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// watch is what is known of a pipeline that runs. Only one goroutine at a time touches it.
type watch struct {
	p        *pipeline.Pipeline
	cfg      Config
	losses   *news
	restarts *news
}

func newWatch(p *pipeline.Pipeline, cfg Config) *watch {
	cfg.Logger = cfg.Logger.With(slog.String("pipeline", p.Stats().Name))
	w := &watch{p: p, cfg: cfg}
	w.losses = &news{interval: cfg.Interval, counts: countLosses, write: func(sum int64, by []place) {
		w.write(slog.LevelWarn, "pipeline: items lost", slog.Int64("lost", sum), grouped(by))
	}}
	w.restarts = &news{interval: cfg.Interval, counts: countRestarts, write: func(sum int64, by []place) {
		w.write(slog.LevelWarn, "pipeline: stages restarted", slog.Int64("restarts", sum), grouped(by))
	}}
	return w
}

func (w *watch) write(level slog.Level, message string, attrs ...slog.Attr) {
	w.cfg.Logger.LogAttrs(context.Background(), level, message, attrs...)
}

// place is a number of something that happened at a stage, for a reason if there is one.
type place struct {
	stage, reason string
	n             int64
}

// countLosses adds up what has one reason, dropped or failed.
func countLosses(s pipeline.Stats) (places []place) {
	for _, l := range s.Losses {
		same := func(p place) bool { return p.stage == l.Stage && p.reason == l.Reason }
		if i := slices.IndexFunc(places, same); i >= 0 {
			places[i].n += l.Items
		} else {
			places = append(places, place{l.Stage, l.Reason, l.Items})
		}
	}
	return places
}

func countRestarts(s pipeline.Stats) (places []place) {
	for _, stage := range s.Stages {
		places = append(places, place{stage: stage.Name, n: stage.Restarts})
	}
	return places
}

// news is what happened since it was last told of.
type news struct {
	interval time.Duration
	counts   func(pipeline.Stats) []place // since the pipeline began
	write    func(sum int64, by []place)

	next time.Time // before this it is not told
	told map[place]int64
}

// tell writes what is new, unless something was written a short while ago.
func (n *news) tell(stats pipeline.Stats, now time.Time) {
	if !now.Before(n.next) && n.rest(stats) {
		n.next = now.Add(n.interval)
	}
}

// rest writes what is new, and reports whether there was anything.
func (n *news) rest(stats pipeline.Stats) bool {
	var sum int64
	var by []place
	for _, at := range n.counts(stats) {
		key := place{stage: at.stage, reason: at.reason}
		if since := at.n - n.told[key]; since > 0 {
			if n.told == nil {
				n.told = map[place]int64{}
			}
			n.told[key] = at.n
			sum += since
			by = append(by, place{at.stage, at.reason, since})
		}
	}
	if sum > 0 {
		n.write(sum, by)
	}
	return sum > 0
}

// grouped makes one attribute of places that stand in the order of their stages.
func grouped(by []place) slog.Attr {
	var stages []any
	for len(by) > 0 {
		stage, reasons := by[0].stage, []any(nil)
		for len(by) > 0 && by[0].stage == stage {
			if by[0].reason == "" {
				stages = append(stages, slog.Int64(stage, by[0].n))
			} else {
				reasons = append(reasons, slog.Int64(by[0].reason, by[0].n))
			}
			by = by[1:]
		}
		if reasons != nil {
			stages = append(stages, slog.Group(stage, reasons...))
		}
	}
	return slog.Group("by", stages...)
}
