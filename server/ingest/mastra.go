package ingest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
)

// mastra is the form of Mastra's exporters, of both generations, and of ours.
type mastra struct{ signal Signal }

// The headers of the quota pause, by which a server asks an exporter to be left alone.
const (
	headerCapabilities = "X-Mastra-Observability-Capabilities"
	headerPause        = "X-Mastra-Observability"
	headerPauseSeconds = "X-Mastra-Observability-Retry-After"
	capabilityPause    = "quota-pause-v1"
)

func (m mastra) carries() Signal { return m.signal }

func (m mastra) reader(*http.Request) (func([]byte, intake.Limits) (content, error), outcome, bool) {
	return m.read, outcome{}, true // whatever its Content-Type: clients of old may send none
}

func (m mastra) read(body []byte, l intake.Limits) (content, error) {
	if m.signal == Spans {
		b, err := decode.Spans(body, l)
		return content{spans: b.Items, rejected: b.Rejected, cut: b.Cut}, err
	}
	b, err := decode.Records(m.signal.kind(), body, l)
	return content{records: b.Items, rejected: b.Rejected, cut: b.Cut, unlinked: b.Unlinked}, err
}

// accepted is the body of a 200. Mastra's exporters do not read it. The name rejectedSpans is OTLP's, and stands for
// records of any signal.
type accepted struct {
	Accepted       int64                  `json:"accepted"` // stored + repeated + rejected
	Stored         int64                  `json:"stored"`
	Repeated       int64                  `json:"repeated"`
	Rejected       map[store.Reason]int64 `json:"rejected"`
	PartialSuccess *partialSuccess        `json:"partialSuccess,omitempty"`
}

type partialSuccess struct {
	RejectedSpans int64  `json:"rejectedSpans"`
	ErrorMessage  string `json:"errorMessage"`
}

func (m mastra) accept(w http.ResponseWriter, _ *http.Request, o outcome) {
	a := accepted{Accepted: o.account.Received, Stored: o.account.Stored, Repeated: o.account.Repeated, Rejected: o.account.Rejected}
	if a.Rejected == nil {
		a.Rejected = map[store.Reason]int64{}
	}
	if n := o.account.rejected(); n > 0 {
		a.PartialSuccess = &partialSuccess{n, o.note}
	}
	body, err := json.Marshal(a)
	if err != nil { // numbers and short texts always encode
		panic(err)
	}
	w.Header().Set(headerLedger, ledgerV1)
	write(w, http.StatusOK, "application/json", body)
}

// status of a used up quota is 402 for those who know what it means. To others it is one error of many, after which they
// try again, so they are told that all is well.
func (m mastra) status(r *http.Request, o outcome) int {
	if o.quota && !pauses(r) {
		return http.StatusNoContent
	}
	return o.status
}

func (m mastra) refuse(w http.ResponseWriter, _ *http.Request, o outcome) {
	h := w.Header()
	h.Set("Accept-Encoding", intake.AcceptEncoding)
	retry := ""
	if o.retry > 0 {
		retry = seconds(o.retry)
		h.Set("Retry-After", retry)
	}
	if o.quota {
		h.Set(headerPause, "disabled")
		h.Set(headerPauseSeconds, retry)
	}
	if o.status == http.StatusNoContent {
		w.WriteHeader(o.status)
		return
	}
	access.Fail(w, o.status, o.problem)
}

// pauses reports whether the sender understands what a quota pause is.
func pauses(r *http.Request) bool {
	for _, line := range r.Header.Values(headerCapabilities) {
		for word := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(word), capabilityPause) {
				return true
			}
		}
	}
	return false
}

// seconds writes a duration as headers have it, and never as 0, which Mastra reads as 300.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(d+time.Second-1, time.Second)/time.Second), 10)
}
