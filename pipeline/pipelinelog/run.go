package pipelinelog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Config says where records go, and how often. Its zero value works.
type Config struct {
	Logger   *slog.Logger  // nil means slog.Default()
	Every    time.Duration // between two looks at the pipeline, so from a loss to its record as a rule; 0 means 1 s
	Interval time.Duration // between two records of the same kind, at least; 0 means 10 s
}

func (c Config) withDefaults() (Config, error) {
	c.Every = cmp.Or(c.Every, time.Second)
	c.Interval = cmp.Or(c.Interval, 10*time.Second)
	switch {
	case c.Every < 0:
		return c, fmt.Errorf("%w: pipelinelog.Config.Every is negative: %v", pipeline.ErrConfig, c.Every)
	case c.Interval < 0:
		return c, fmt.Errorf("%w: pipelinelog.Config.Interval is negative: %v", pipeline.ErrConfig, c.Interval)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}

// Run is p.Run, and returns what that returns. The records that it writes meanwhile have the attribute pipeline, its name:
//
//	INFO  pipeline: started           stages
//	WARN  pipeline: items lost        lost, and by: their stages and reasons
//	WARN  pipeline: stages restarted  restarts, and by: their stages
//	INFO  pipeline: ended             accepted, delivered, filtered, lost, spooled, elapsed
//
// The numbers of items lost and of restarts are those since the record before. The last records are written before Run
// returns; that of the end is a WARN if Run returns an error, whose text only a configuration's is in it.
func Run(ctx context.Context, p *pipeline.Pipeline, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	w := newWatch(p, cfg)
	w.write(slog.LevelInfo, "pipeline: started", slog.Int("stages", len(p.Stats().Stages)))
	over := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() { w.look(over) })
	err = p.Run(ctx)
	close(over)
	looking.Wait()
	w.ended(err)
	return err
}

// look looks for news until the run is over.
func (w *watch) look(over <-chan struct{}) {
	ticks := time.NewTicker(w.cfg.Every)
	defer ticks.Stop()
	for {
		select {
		case now := <-ticks.C:
			stats := w.p.Stats()
			w.losses.tell(stats, now)
			w.restarts.tell(stats, now)
		case <-over:
			return
		}
	}
}

// ended writes the account of the run.
func (w *watch) ended(err error) {
	stats := w.p.Stats()
	w.losses.rest(stats)
	w.restarts.rest(stats)
	l, level := stats.Ledger, slog.LevelInfo
	attrs := []slog.Attr{slog.Int64("accepted", l.Accepted), slog.Int64("delivered", l.Delivered), slog.Int64("filtered", l.Filtered), slog.Int64("lost", l.Lost())}
	if l.Spooled > 0 {
		attrs = append(attrs, slog.Int64("spooled", l.Spooled))
	}
	if err != nil {
		level = slog.LevelWarn
	}
	if errors.Is(err, pipeline.ErrConfig) {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	w.write(level, "pipeline: ended", append(attrs, slog.Duration("elapsed", stats.Elapsed))...)
}
