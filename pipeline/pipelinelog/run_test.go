package pipelinelog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinelog"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
)

// kept is a slog.Handler's writer that keeps lines, with the time at which each was written.
type kept struct {
	began time.Time
	lines []string
}

func (k *kept) Write(line []byte) (int, error) {
	k.lines = append(k.lines, fmt.Sprint(time.Since(k.began), " ", strings.TrimSpace(string(line))))
	return len(line), nil
}

func (k *kept) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(k, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

var errSecret = errors.New("canary: what the user asked")

// failing is a sink that counts each item as failed, for one of two reasons.
func failing() pipeline.Sink[int] {
	return pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
		for n := range in.All() {
			err := errSecret
			if n%2 == 0 {
				err = pipeline.WithReason("even", errSecret)
			}
			in.Failed(n, err)
		}
		return in.Err()
	}).WithPolicy(pipeline.Skip)
}

func TestRunTellsOfLossesNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{Name: "cloud"})
		feed := &pipelinetest.Feed[int]{N: 30, Item: func(i int) int { return i }, Every: 800 * time.Millisecond}
		pipeline.To(pipeline.From(p, feed), failing())
		out := &kept{began: time.Now()}
		err := pipelinelog.Run(t.Context(), p, pipelinelog.Config{Logger: out.logger()})
		if loss := new(pipeline.LossError); !errors.As(err, &loss) {
			t.Errorf("Run returned %v", err)
		}
		pipelinetest.CheckLedger(t, p)
		want := []string{
			`0s level=INFO msg="pipeline: started" pipeline=cloud stages=2`,
			`1s level=WARN msg="pipeline: items lost" pipeline=cloud lost=2 by.sink.error=1 by.sink.even=1`,
			`11s level=WARN msg="pipeline: items lost" pipeline=cloud lost=12 by.sink.error=6 by.sink.even=6`,
			`21s level=WARN msg="pipeline: items lost" pipeline=cloud lost=13 by.sink.error=6 by.sink.even=7`,
			`23.2s level=WARN msg="pipeline: items lost" pipeline=cloud lost=3 by.sink.error=2 by.sink.even=1`,
			`23.2s level=WARN msg="pipeline: ended" pipeline=cloud accepted=30 delivered=0 filtered=0 lost=30 elapsed=23.2s`,
		}
		if !slices.Equal(out.lines, want) {
			t.Errorf("wrote\n%s, want\n%s", strings.Join(out.lines, "\n"), strings.Join(want, "\n"))
		}
	})
}

// What goes well is two records, however long it takes.
func TestRunSaysNothingWhileNothingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		feed := &pipelinetest.Feed[int]{N: 3, Item: func(i int) int { return i }, Every: time.Hour}
		pipeline.To(pipeline.From(p, feed), sink.Discard[int]())
		out := &kept{began: time.Now()}
		if err := pipelinelog.Run(t.Context(), p, pipelinelog.Config{Logger: out.logger()}); err != nil {
			t.Error(err)
		}
		want := []string{
			`0s level=INFO msg="pipeline: started" pipeline=pipeline stages=2`,
			`2h0m0s level=INFO msg="pipeline: ended" pipeline=pipeline accepted=3 delivered=3 filtered=0 lost=0 elapsed=2h0m0s`,
		}
		if !slices.Equal(out.lines, want) {
			t.Errorf("wrote\n%s, want\n%s", strings.Join(out.lines, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestRunTellsOfRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		dies := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
			for n := range in.All() {
				if in.Delivered(n); n < 2 {
					return errSecret
				}
			}
			return in.Err()
		}).Named("dies")
		feed := &pipelinetest.Feed[int]{N: 4, Item: func(i int) int { return i }, Every: 4 * time.Second}
		pipeline.To(pipeline.From(p, feed), dies, pipeline.OnError(pipeline.Restart(pipeline.RestartConfig{})))
		out := &kept{began: time.Now()}
		err := pipelinelog.Run(t.Context(), p, pipelinelog.Config{Logger: out.logger(), Interval: time.Minute})
		const again = `level=WARN msg="pipeline: stages restarted" pipeline=pipeline restarts=1 by.dies=1`
		if len(out.lines) != 4 || out.lines[1] != "1s "+again || out.lines[2] != "12s "+again {
			t.Errorf("wrote\n%s (%v)", strings.Join(out.lines, "\n"), err)
		}
	})
}

// Neither items nor what errors say of them reach the log.
func TestRunWritesNothingOfItems(t *testing.T) {
	var text bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := pipeline.New(pipeline.Config{})
	words := pipeline.From(p, source.Slice("canary: a prompt"))
	panics := pipeline.Operator(func(word string, _ func(string)) { panic(word) })
	pipeline.To(pipeline.Via(words, panics), sink.Discard[string]())
	if err := pipelinelog.Run(t.Context(), p, pipelinelog.Config{Logger: logger}); err == nil {
		t.Error("nothing was lost")
	}
	if got := text.String(); strings.Contains(got, "canary") || !strings.Contains(got, `"lost":1`) {
		t.Errorf("wrote %s", got)
	}
}

func TestRunSettings(t *testing.T) {
	for want, cfg := range map[string]pipelinelog.Config{
		"pipelinelog.Config.Every is negative: -1ns":    {Every: -1},
		"pipelinelog.Config.Interval is negative: -1ns": {Interval: -1},
	} {
		if err := pipelinelog.Run(t.Context(), pipeline.New(pipeline.Config{}), cfg); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("Run returned %v, want an ErrConfig with %q", err, want)
		}
	}
	out := &kept{began: time.Now()}
	p := pipeline.New(pipeline.Config{MaxBytes: -1})
	pipeline.To(pipeline.From(p, source.Slice(1)), sink.Discard[int]())
	if err := pipelinelog.Run(t.Context(), p, pipelinelog.Config{Logger: out.logger()}); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(fmt.Sprint(out.lines), "Config.MaxBytes is negative") {
		t.Errorf("Run returned %v and wrote %v", err, out.lines)
	}
}
