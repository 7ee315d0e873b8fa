package store

import (
	"context"
	"iter"

	"github.com/tailrace-go/tailrace/span"
)

// Store keeps the traces of projects. All methods may be called by many goroutines at once. A project comes into being
// with its first batch; one that has none is empty, not an error. An id that no project may have gives ErrProject, a
// trace or span that is not there ErrNotFound, a parameter that makes no sense a *FieldError, and any method after
// Close ErrClosed. Traces of one project are never seen through another.
type Store interface {
	// Append stores a batch and says what became of each item. A nil error means that the result is final and on disk;
	// on any error nothing may be assumed, and the batch may be sent again whole: what was stored will be repeated.
	// ErrBusy, ErrFull and ErrQuota say when.
	Append(ctx context.Context, project string, b *Batch) (Result, error)

	// List returns summaries, newest first unless the filter sorts otherwise. Pages are stable while traces arrive.
	List(ctx context.Context, project string, f Filter) (Page, error)

	// Trace returns a trace without payloads.
	Trace(ctx context.Context, project string, id span.TraceID, o TraceOptions) (*Skeleton, error)

	// Span returns one span whole.
	Span(ctx context.Context, project string, trace span.TraceID, id span.ID) (*FullSpan, error)

	// Spans yields all spans of a trace in order of arrival, reading as it goes: for exports. An error is the last
	// thing it yields.
	Spans(ctx context.Context, project string, trace span.TraceID) iter.Seq2[*FullSpan, error]

	// Find returns the spans of a trace that contain text, in any part and any case of ASCII letters. budget is the
	// most unpacked bytes to look at; 0 means 256 MiB.
	Find(ctx context.Context, project string, trace span.TraceID, text string, budget int64) (Found, error)

	// Records returns logs, metrics, scores and feedback.
	Records(ctx context.Context, project string, q RecordQuery) (RecordPage, error)

	// Series returns figures over time.
	Series(ctx context.Context, project string, q SeriesQuery) (SeriesSet, error)

	// Values returns distinct values for a filter box, sorted, at most limit (0 means 100, the most is 1,000): key is
	// service, name, type, model, user, thread, env, tag, meta.KEY, or meta for the keys of metadata. Of more values
	// than limit, the later seen are preferred.
	Values(ctx context.Context, project, key, prefix string, limit int) ([]string, error)

	// Delete removes a trace with all its signals, from the figures too.
	Delete(ctx context.Context, project string, trace span.TraceID) (Deleted, error)

	// Subscribe reads commits after the given one; 0 means from now on. With a trace id, only of that trace, and its
	// changes have rows.
	Subscribe(project string, after uint64, trace span.TraceID) (Subscription, error)

	// Projects returns the projects that have data, sorted.
	Projects(ctx context.Context) ([]string, error)

	// DropProject removes all that a project holds.
	DropProject(ctx context.Context, project string) error

	// Stats says what a project holds.
	Stats(ctx context.Context, project string) (Stats, error)

	// Retain removes what is over the limits of any project, whole days, and says how much it was. A store does this by
	// itself once a minute.
	Retain(ctx context.Context) (Dropped, error)

	// Backup writes a copy of everything to a folder that is not there yet, while the store works on. The copy can be
	// opened as a store.
	Backup(ctx context.Context, dir string) error

	// Ready returns nil when the store can be written to.
	Ready(ctx context.Context) error

	// Close waits for batches that were taken, and returns when nothing runs any more.
	Close() error
}
