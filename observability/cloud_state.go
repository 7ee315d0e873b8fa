package observability

import (
	"fmt"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

// CloudMode says what a [CloudExporter] does.
type CloudMode uint8

const (
	// CloudSending means that spans are sent as they come.
	CloudSending CloudMode = iota
	// CloudRetrying means that the endpoint seems to be down: one request a second finds out when
	// that is over, and the spans wait.
	CloudRetrying
	// CloudPaused means that somebody has to act: the endpoint wants another token or payment, or is
	// not the right one. The spans wait.
	CloudPaused
	// CloudClosed means that Shutdown has ended it, or that its run failed, which State.Err then says.
	CloudClosed
	// CloudDisabled means that there is no access token, so that nothing is sent at all.
	CloudDisabled
)

func (m CloudMode) String() string {
	switch m {
	case CloudSending:
		return "sending"
	case CloudRetrying:
		return "retrying"
	case CloudPaused:
		return "paused"
	case CloudClosed:
		return "closed"
	case CloudDisabled:
		return "disabled"
	}
	return fmt.Sprintf("CloudMode(%d)", uint8(m))
}

// CloudState is how it goes with a [CloudExporter].
type CloudState struct {
	Mode  CloudMode
	Since time.Time // when Mode began
	Err   error     // why the mode is neither CloudSending nor CloudClosed by Shutdown
}

func modeOf(m sink.HTTPMode) CloudMode {
	switch m {
	case sink.Retrying:
		return CloudRetrying
	case sink.Paused:
		return CloudPaused
	}
	return CloudSending
}

// CloudStats are the counts of a [CloudExporter] since it was made.
type CloudStats struct {
	State       CloudState
	Ledger      pipeline.Ledger // in spans; it adds up whenever nothing moves
	Losses      []pipeline.Loss // by reason
	Bytes       int64           // of spans in the exporter now, as MaxBytes has them, without what is kept beside
	Compression string          // in use: gzip, zstd or none
	HTTP        sink.HTTPStats
	Spool       sink.SpoolStats // what is in Spool.Dir; zero without one
	Pipeline    pipeline.Stats  // stage by stage
	Replaced    uint64          // what was no text and became U+FFFD, in the whole process: span.Replaced
}
