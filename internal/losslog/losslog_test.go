package losslog_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/losslog"
	"github.com/tailrace-go/tailrace/pipeline"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept has the lines of a Log, each with its time.
type kept struct {
	began time.Time
	lines []string
}

func (k *kept) write(attrs ...slog.Attr) {
	k.lines = append(k.lines, fmt.Sprint(time.Since(k.began), " ", attrs))
}

func (k *kept) check(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(k.lines, want) {
		t.Errorf("wrote\n%s\nwant\n%s", strings.Join(k.lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestLinesAreFewAndTheirSumIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kept{began: time.Now()}
		l := losslog.New(k.write)
		for range 25 { // 4 spans a second
			l.OnLoss("queue", "full", nil)
			l.OnLoss("sink", "status_400", pipeline.Unknown{Items: 3})
			time.Sleep(time.Second)
			synctest.Wait()
		}
		time.Sleep(time.Minute) // a quiet minute has one line, of the rest, and no more
		l.OnLoss("queue", "full", nil)
		l.Close()
		l.OnLoss("queue", "full", nil)
		time.Sleep(time.Minute)
		l.Close()
		synctest.Wait()
		k.check(t,
			"1s [lost=4 by=[full=1 status_400=3]]",
			"11s [lost=40 by=[full=10 status_400=30]]",
			"21s [lost=40 by=[full=10 status_400=30]]",
			"31s [lost=16 by=[full=4 status_400=12]]",
			"1m25s [lost=1 by=[full=1]]",
			"2m25s [lost=1 by=[full=1]]",
		)
	})
}

// Whoever loses a span does not wait for a log that is slow.
func TestAddDoesNotWaitForALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, lines := make(chan struct{}), 0
		l := losslog.New(func(...slog.Attr) { <-release; lines++ })
		l.Add("full", 1)
		time.Sleep(2 * time.Second)
		synctest.Wait() // a line is being written
		l.Add("full", 1)
		close(release)
		l.Close()
		if lines != 2 {
			t.Errorf("%d lines, want 2", lines)
		}
	})
}

func TestToWarns(t *testing.T) {
	var out strings.Builder
	l := losslog.To(slog.New(slog.NewTextHandler(&out, nil)), "spans lost")
	l.Add("full", 2)
	l.Close()
	if line := out.String(); !strings.HasSuffix(line, "level=WARN msg=\"spans lost\" lost=2 by.full=2\n") {
		t.Errorf("wrote %q", line)
	}
}
