// Package demo is the command `tailrace demo`: it makes spans of agents and sends them through the whole pipeline, shows
// how they go, and proves in the end that every one is accounted for.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

// Config says what to send where. Endpoint is required.
type Config struct {
	Endpoint string // URL that spans are posted to
	Token    string // sent as a bearer token; "" sends none
	// Stored says what the endpoint has stored, and what is wrong with its own account. It is asked once, after the drain;
	// nil means that nobody knows, and then the demo believes the answers it got.
	Stored func() (Stored, error)

	Rate         int           // spans a second, by all producers together; 0 means as fast as possible
	Producers    int           // goroutines that make spans; 0 means 1
	Samples      bool          // emit samples for people to look at too, and runs that can be watched
	DrainTimeout time.Duration // for what is in flight in the end; 0 means 10 s
	Seed         uint64        // for the spans that are made; 0 means another one each time

	Progress io.Writer // where the run is shown as it goes; nil means nowhere
	Terminal bool      // Progress is a terminal, on which a table can be redrawn
}

// Stored is an endpoint's account of the spans that it received.
type Stored struct {
	Stored   int // new to it, or the end of a span that it knew as running
	Repeated int // known to it before
}

func (c Config) withDefaults() (Config, error) {
	c.Producers = cmp.Or(c.Producers, 1)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 10*time.Second)
	c.Seed = cmp.Or(c.Seed, rand.Uint64())
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	switch {
	case c.Endpoint == "":
		return c, fmt.Errorf("%w: demo: Config.Endpoint is missing", pipeline.ErrConfig)
	case c.Rate < 0:
		return c, fmt.Errorf("%w: demo: Config.Rate is negative: %d", pipeline.ErrConfig, c.Rate)
	case c.Producers < 0:
		return c, fmt.Errorf("%w: demo: Config.Producers is negative: %d", pipeline.ErrConfig, c.Producers)
	case c.DrainTimeout < 0:
		return c, fmt.Errorf("%w: demo: Config.DrainTimeout is negative: %v", pipeline.ErrConfig, c.DrainTimeout)
	}
	return c, nil
}

// Run makes and sends spans until ctx ends, then drains. The error says everything that does not add up or was lost; the
// result is exact even then. It has no error only if every span that was emitted and not filtered is stored. An error that
// matches [pipeline.ErrConfig] says that nothing was sent, because cfg is wrong.
func Run(ctx context.Context, cfg Config) (Result, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return Result{}, err
	}
	captured, err := readCaptured()
	if err != nil {
		return Result{}, err
	}
	path := newPath(cfg)

	// Two contexts: the producers' ends first. Only when they have stopped does the pipeline's, so that nothing is refused.
	producing, stop := context.WithCancel(ctx)
	defer stop()
	running, drain := context.WithCancel(context.WithoutCancel(ctx))
	defer drain()

	producers := crew{emitter: path.emitter}
	if cfg.Samples {
		producers.show(producing, cfg.Seed)
	}
	producers.start(producing, captured, cfg.Producers, cfg.Rate, cfg.Seed)
	go func() {
		producers.working.Wait()
		drain()
	}()
	ended := make(chan error, 1)
	go func() { ended <- path.pipeline.Run(running) }()

	d := &display{w: cfg.Progress, terminal: cfg.Terminal, title: fmt.Sprintf("%s to %s", plural(cfg.Producers, "producer"), cfg.Endpoint)}
	err = watch(producing, path, ended, d)
	stop() // a pipeline that ended by itself leaves producers behind
	producers.working.Wait()
	if errors.Is(err, pipeline.ErrConfig) {
		return Result{}, err // nothing ran
	}
	path.report()

	stats := path.pipeline.Stats()
	d.summary(stats)
	stored, err := audit(cfg, stats, producers.emitted(), err)
	if err == nil {
		d.print(verdict(cfg, stats.Ledger, stored))
	}
	return Result{stats.Ledger, stats.Stages}, err
}

// watch shows the run once a second until it has ended, and returns its error.
func watch(producing context.Context, p path, ended <-chan error, d *display) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	state, stopped := "sending", producing.Done()
	for {
		select {
		case err := <-ended:
			return err
		case <-stopped:
			state, stopped = "draining (Ctrl-C leaves at once)", nil
		case <-ticker.C:
		}
		d.show(p.pipeline.Stats(), state+trouble(p.sender.State()))
	}
}

// trouble says what keeps the sender from sending.
func trouble(s sink.HTTPState) string {
	if s.Mode == sink.Sending {
		return ""
	}
	return fmt.Sprintf(", %v: %v", s.Mode, s.Err)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
