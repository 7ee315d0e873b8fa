package api

import (
	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/server/store"
)

// otlpFile is one TracesData of OTLP/JSON: the reverse of what ingest makes of it. A test reads it with the official
// types.
type otlpFile struct{ otlp.File }

func (f *otlpFile) open(b []byte) []byte { return f.AppendOpen(b) }

func (f *otlpFile) append(b []byte, full *store.FullSpan) ([]byte, error) {
	return f.Append(b, otlp.Item{Span: full.Span, Service: full.Service})
}

func (f *otlpFile) close(b []byte) []byte { return f.AppendClose(b) }
