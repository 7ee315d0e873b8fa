package send

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/spanfile"
)

func at(delivered, read int64) snapshot {
	return snapshot{Ledger: pipeline.Ledger{Accepted: delivered + 5, Delivered: delivered, InFlight: 5}, read: read}
}

func TestBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown bytes.Buffer
		d := newDisplay(Config{Inputs: []spanfile.Input{{Size: 1_000_000}}, Repeat: 2, Progress: &shown, Problems: &shown, Terminal: true})
		time.Sleep(time.Second)
		d.progress(at(1500, 250_000), "sending")
		d.problem("f:1: bad")
		time.Sleep(time.Second)
		d.progress(at(9500, 1_000_000), "sending, retrying: the endpoint is down")
		time.Sleep(time.Second)
		d.progress(at(20_000, 2_000_000), "sending")
		d.summary(Result{Ledger: pipeline.Ledger{Accepted: 20_005, Delivered: 20_000, Failed: 5}, Bad: 1}, 123_456)
		want := clearLine + wrapOff + "[###---------------------]  12% 1,500 spans, 1,500/s, 250.0 kB read, 250.0 kB/s, ETA 7s, sending" + wrapOn +
			clearLine + "tailrace: f:1: bad\n" +
			clearLine + wrapOff + "[############------------]  50% 9,500 spans, 4,750/s, 1.0 MB read, 500.0 kB/s, ETA 2s, sending, retrying: the endpoint is down" + wrapOn +
			clearLine + wrapOff + "[########################] 100% 20,000 spans, 6,666/s, 2.0 MB read, 666.7 kB/s, sending" + wrapOn +
			clearLine + "accepted 20,005 = delivered 20,000 + failed 5; 123.5 kB sent in 3s (6,666 spans/s)\n" +
			"could not be read: 1 record, 0 inputs\n"
		if got := shown.String(); got != want {
			t.Errorf("shown\n%q\nwant\n%q", got, want)
		}
	})
}

func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown bytes.Buffer
		d := newDisplay(Config{Inputs: []spanfile.Input{{Size: -1}}, Repeat: 1, Progress: &shown})
		for i := range int64(3) {
			time.Sleep(5 * time.Second)
			s := at(10_000*i*i, 100_000*i*i)
			s.settled, s.bad, s.Failed = 100*i, i, i
			d.progress(s, "sending")
		}
		const want = `sending, 5s: 0 spans, 0/s, 0 B read, in flight 5
sending, 10s: 10,000 spans, 2,000/s, 100.0 kB read, in flight 5, lost 1, bad 1, all delivered before 100
sending, 15s: 40,000 spans, 6,000/s, 400.0 kB read, in flight 5, lost 2, bad 2, all delivered before 200
`
		if got := shown.String(); got != want {
			t.Errorf("shown\n%s\nwant\n%s", got, want)
		}
	})
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 1_500_000_000: "1.5 GB", 1 << 62: "4.6 EB",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestABarIsNeverWiderThanFull(t *testing.T) {
	d := newDisplay(Config{Inputs: []spanfile.Input{{Size: 10}}, Repeat: 1, Terminal: true})
	if bar := d.bar(at(1, 20), 1, 1, "sending"); !strings.HasPrefix(bar, "["+strings.Repeat("#", barWidth)+"] 100% ") {
		t.Error(bar) // a file that has grown
	}
}
