package ingest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

func TestParseReport(t *testing.T) {
	full := "instance=pod-7, accepted=9, made=1, delivered=2, filtered=1, dropped=1, failed=1, abandoned=1, spooled=1, in_flight=3, later=x"
	want := Report{Instance: "pod-7", Ledger: pipeline.Ledger{
		Accepted: 9, Made: 1, Delivered: 2, Filtered: 1, Dropped: 1, Failed: 1, Abandoned: 1, Spooled: 1, InFlight: 3,
	}}
	if got, ok := parseReport(full); !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
	for _, bad := range []string{
		"", "accepted=1", "instance=", "instance=a b", "instance=a, accepted=-1", "instance=a, accepted=x", "instance=a, accepted", "instance=a\x7f",
		"instance=a, accepted=99999999999999999999", "instance=" + strings.Repeat("a", 65), full + strings.Repeat(", a=b", 100),
	} {
		if got, ok := parseReport(bad); ok {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add("instance=pod-7, accepted=9, made=1, delivered=2")
	f.Add("instance=a,accepted=1,,")
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := parseReport(text)
		l := r.Ledger
		if ok && (!validInstance(r.Instance) || min(l.Accepted, l.Made, l.Delivered, l.Filtered, l.Dropped, l.Failed, l.Abandoned, l.Spooled, l.InFlight) < 0) {
			t.Errorf("%q: %+v", text, r)
		}
	})
}

// Names that a sender chooses do not fill the memory, and the senders of one project do not push out another's.
func TestReportsAreBounded(t *testing.T) {
	var s Server
	now := time.Unix(0, 0)
	note := func(project, instance string) {
		now = now.Add(time.Second)
		s.reports.note(project, http.Header{headerLedger: {"instance=" + instance}}, now)
	}
	note("sales", "quiet")
	for i := range 10 * maxInstances {
		note("support", fmt.Sprint("pod-", i))
		note("support", "steady")
	}
	list := s.Reports("support")
	if len(list) != maxInstances || list[0].Instance != "steady" || list[1].Instance != fmt.Sprint("pod-", 10*maxInstances-1) {
		t.Errorf("%d reports, the newest %+v", len(list), list[:2])
	}
	if list := s.Reports("sales"); len(list) != 1 {
		t.Errorf("another project: %+v", list)
	}
	s.Forget("support")
	if list := s.Reports("support"); len(list) != 0 {
		t.Errorf("of a deleted project: %d", len(list))
	}
}
