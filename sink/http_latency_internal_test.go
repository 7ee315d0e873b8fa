package sink

import (
	"testing"
	"time"
)

func TestLatencies(t *testing.T) {
	var l latencies
	if q := l.quantiles(); q.Count != 0 || q.P50 != 0 || q.Max != 0 {
		t.Errorf("of nothing: %+v", q)
	}
	for ms := range 1000 {
		l.add(time.Duration(ms+1) * time.Millisecond)
	}
	q := l.quantiles()
	if q.Count != 1000 || q.Max != int64(time.Second) {
		t.Errorf("%+v", q)
	}
	for name, pair := range map[string][2]int64{"p50": {q.P50, 500}, "p90": {q.P90, 900}, "p99": {q.P99, 990}} {
		if got, want := pair[0], pair[1]*int64(time.Millisecond); got < want || got > want*5/4 {
			t.Errorf("%s is %v, want at most 25%% above %v", name, time.Duration(got), time.Duration(want))
		}
	}
	l.add(-1)
	l.add(1<<63 - 1)
	if q := l.quantiles(); q.Count != 1002 || q.Max != 1<<63-1 {
		t.Errorf("%+v", q)
	}
}
