package demo

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// picture is a pipeline in the middle of its work.
var picture = pipeline.Stats{
	Elapsed: 2 * time.Second,
	Ledger:  pipeline.Ledger{Accepted: 12345, Delivered: 11000, Filtered: 1000, Failed: 1, InFlight: 344, Refused: 2},
	Stages: []pipeline.StageStats{
		{Name: "emitter", In: 12345, Out: 12300, Held: 0, Queued: 45, Busy: 10 * time.Millisecond, Idle: 990 * time.Millisecond},
		{Name: "filter", Fused: true, In: 12300, Out: 11300, Filtered: 1000},
		{Name: "http", In: 11300, Delivered: 11000, Failed: 1, Held: 299, Busy: time.Second, Blocked: 0, Idle: time.Second},
	},
}

func TestTable(t *testing.T) {
	const want = `stage     per second          in      passed    filtered     lost  waiting  busy
emitter        6,172      12,345      12,300           0        0       45    1%
filter         6,150      12,300      11,300       1,000        0        0     -
http           5,650      11,300      11,000           0        1      299   50%
`
	got := table(picture, since(pipeline.Stats{}, picture))
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if len(line) > 81 {
			t.Errorf("wider than 80 columns: %q", line)
		}
	}
}

func TestLine(t *testing.T) {
	const want = "sending 2s: emitter 12,300 (6,172/s) > filter 11,300 > http 11,000 (5,650/s); filtered 1,000, lost 1, in flight 344"
	if got := line(picture, since(pipeline.Stats{}, picture), "sending"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestLaw(t *testing.T) {
	for _, c := range []struct {
		ledger pipeline.Ledger
		want   string
	}{
		{pipeline.Ledger{}, "accepted 0 = delivered 0"},
		{picture.Ledger, "accepted 12,345 = delivered 11,000 + filtered 1,000 + failed 1 + in flight 344; refused 2"},
		{pipeline.Ledger{Accepted: 1, Made: 5, Dropped: 1, Abandoned: 2, Spooled: 3}, "accepted 1 + made 5 = delivered 0 + dropped 1 + abandoned 2 + spooled 3"},
	} {
		if got := law(c.ledger); got != c.want {
			t.Errorf("law(%+v)\n got %s\nwant %s", c.ledger, got, c.want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -999: "-999", -1000: "-1,000"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestATerminalIsRedrawnInPlace(t *testing.T) {
	var screen bytes.Buffer
	d := &display{w: &screen, terminal: true, title: "2 producers to nowhere"}
	d.show(picture, "sending")
	first := screen.String()
	if strings.Contains(first, "A\r") {
		t.Errorf("the first drawing moves the cursor up: %q", first)
	}
	if !strings.HasPrefix(first, wrapOff+"2 producers to nowhere: sending, 2s\n") || !strings.HasSuffix(first, wrapOn) {
		t.Errorf("drawn %q", first)
	}
	screen.Reset()
	d.show(picture, "draining")
	// Title, blank, header, three stages, blank, law.
	if want := "\x1b[8A\r" + clearBelow; !strings.HasPrefix(screen.String(), want) {
		t.Errorf("redrawn %q, want it to begin with %q", screen.String(), want)
	}
	if lines := strings.Count(first, "\n"); lines != 8 {
		t.Errorf("the table has %d lines, 8 are cleared", lines)
	}
}

func TestRatesAreThoseSinceTheLastPicture(t *testing.T) {
	next := picture
	next.Elapsed += 500 * time.Millisecond
	next.Stages = append([]pipeline.StageStats(nil), picture.Stages...)
	next.Stages[0].In += 100
	rates := since(picture, next)
	if rates[0] != 200 || rates[1] != 0 {
		t.Errorf("got %v, want 200 and 0 a second", rates)
	}
	if got := since(picture, picture); got[0] != 0 {
		t.Errorf("no time has passed, and yet %v", got)
	}
}
