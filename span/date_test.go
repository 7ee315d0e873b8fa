package span

import (
	"strings"
	"testing"
	"time"
)

// TestDates holds that dates are written as package time writes them: each day of the years that can be written,
// at its ends, and instants in between.
func TestDates(t *testing.T) {
	const layout = `"2006-01-02T15:04:05.000Z"`
	buf := make([]byte, 0, len(layout))
	check := func(at time.Time) {
		if got, want := string(appendDate(buf, at)), at.UTC().Truncate(time.Millisecond).Format(layout); got != want {
			t.Fatalf("%v is written %s, want %s", at, got, want)
		}
	}
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	day := first
	for n := uint64(0); day.Year() < 10000; n++ {
		wantYear, wantMonth, wantDay := day.Date()
		if year, month, d := civil(n); year != wantYear || month != int(wantMonth) || d != wantDay {
			t.Fatalf("day %d is %d-%d-%d, want %v", n, year, month, d, day)
		}
		day = day.Add(24 * time.Hour)
	}
	odd := 777*time.Hour + 777*time.Millisecond + 777777*time.Nanosecond
	for at := first; at.Year() < 10000; at = at.Add(odd) {
		check(at.In(time.FixedZone("east", 13*3600+7)))
	}
	for at, want := range map[time.Time]bool{
		first: true, first.Add(-1): false,
		time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC):            true,
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC):                        false,
		time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("west", -3600)): false,
		time.Date(10000, 1, 1, 0, 30, 0, 0, time.FixedZone("east", 3600)):   true,
		time.Unix(1<<60, 0): false, time.Unix(-1<<60, 0): false,
	} {
		if writable(at) != want {
			t.Errorf("writable(%v) is %v", at, !want)
		}
	}
}

// Spans that have times to the nanosecond, such as OpenTelemetry's, keep them in records of 1.x; all others are cut, as
// Mastra's clients write them.
func TestNanosAreWrittenWhereTheyAreWanted(t *testing.T) {
	at := time.Date(2026, 11, 22, 16, 8, 8, 809_012_030, time.UTC)
	whole := at.Truncate(time.Millisecond)
	for _, tt := range []struct {
		nanos      bool
		start, end time.Time
		v1, v0     string
	}{
		{true, at, whole, `"startedAt":"2026-11-22T16:08:08.809012030Z","endedAt":"2026-11-22T16:08:08.809Z"`, `"startedAt":"2026-11-22T16:08:08.809Z"`},
		{true, whole, at, `"startedAt":"2026-11-22T16:08:08.809Z","endedAt":"2026-11-22T16:08:08.809012030Z"`, `"endedAt":"2026-11-22T16:08:08.809Z"`},
		{true, at, time.Time{}, `"startedAt":"2026-11-22T16:08:08.809012030Z","isEvent"`, `"endedAt":null`},
		{false, at, at, `"startedAt":"2026-11-22T16:08:08.809Z","endedAt":"2026-11-22T16:08:08.809Z"`, `"startedAt":"2026-11-22T16:08:08.809Z"`},
	} {
		s := &Span{TraceID: "1", ID: "2", Start: tt.start, End: tt.end, Nanos: tt.nanos}
		v1, err := V1.AppendItem(nil, s, true)
		if err != nil || !strings.Contains(string(v1), tt.v1) {
			t.Errorf("1.x: %s, %v; want %s", v1, err, tt.v1)
		}
		v0, err := V0.AppendItem(nil, s, true)
		if err != nil || !strings.Contains(string(v0), tt.v0) {
			t.Errorf("0.x: %s, %v; want %s", v0, err, tt.v0)
		}
		back, err := DecodeRecord(v1)
		if err != nil || back.Nanos != tt.nanos || tt.nanos && (!back.Start.Equal(tt.start) || !back.End.Equal(tt.end)) {
			t.Errorf("came back as %+v, %v", back, err)
		}
	}
}
