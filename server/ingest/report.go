package ingest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// headerLedger is how a sender of ours says what became of items before they came here: an answer with "v1" asks for it,
// and from then on each request has it, see sink.HTTPConfig.Report.
const (
	headerLedger = "Tailrace-Ledger"
	ledgerV1     = "v1"
)

const (
	maxReport    = 512 // bytes of the header
	maxInstances = 256 // of a project; the one that was silent longest makes room for another
)

// Report is what a sender says of itself: its own words, which nothing here checks but that they are well formed.
type Report struct {
	Instance string    // as it calls itself, at most 64 printable ASCII signs
	LastSeen time.Time // when it said so
	Ledger   pipeline.Ledger
}

// reports are the last of each sender, by project.
type reports struct {
	mu sync.Mutex
	of map[string]map[string]Report
}

// note keeps what a request says, if it says anything that can be read.
func (r *reports) note(project string, h http.Header, now time.Time) {
	text := h.Get(headerLedger)
	if text == "" {
		return
	}
	report, ok := parseReport(text)
	if !ok {
		return
	}
	report.LastSeen = now
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]map[string]Report{}
	}
	known := r.of[project]
	if known == nil {
		known = map[string]Report{}
		r.of[project] = known
	}
	if _, ok := known[report.Instance]; !ok && len(known) >= maxInstances {
		delete(known, oldest(known))
	}
	known[report.Instance] = report
}

func oldest(known map[string]Report) (instance string) {
	var at time.Time
	for name, r := range known {
		if instance == "" || r.LastSeen.Before(at) {
			instance, at = name, r.LastSeen
		}
	}
	return instance
}

func (r *reports) forget(project string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, project)
}

// Reports returns what senders to a project have last said of themselves since the server started, those that were heard
// last first.
func (s *Server) Reports(project string) []Report {
	r := &s.reports
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Report, 0, len(r.of[project]))
	for _, report := range r.of[project] {
		list = append(list, report)
	}
	slices.SortFunc(list, func(a, b Report) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.Instance, b.Instance))
	})
	return list
}

// parseReport reads "instance=4f6a01bc, accepted=120, delivered=118, …". What it does not know it passes over: senders
// may be newer. ok is false for anything that is not of that form, or negative.
func parseReport(text string) (r Report, ok bool) {
	if len(text) > maxReport {
		return r, false
	}
	l := &r.Ledger
	columns := map[string]*int64{
		"accepted": &l.Accepted, "made": &l.Made, "delivered": &l.Delivered, "filtered": &l.Filtered, "dropped": &l.Dropped,
		"failed": &l.Failed, "abandoned": &l.Abandoned, "spooled": &l.Spooled, "in_flight": &l.InFlight,
	}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(pair), "=")
		if !found {
			return r, false
		}
		if name == "instance" {
			r.Instance = value
			continue
		}
		if column := columns[name]; column != nil {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				return r, false
			}
			*column = n
		}
	}
	return r, validInstance(r.Instance)
}

func validInstance(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
