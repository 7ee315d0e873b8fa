package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
)

// forgotten knows which projects were deleted, so that a request which was let in before cannot write after.
type forgotten struct {
	mu sync.RWMutex // read-held during Append
	at map[string]time.Time
}

// rememberFor is longer than a body may take to arrive.
const rememberFor = time.Hour

// Forget is called when a project was deleted and nobody is let in for it any more, but before the store drops what it
// has: it waits for what is being stored, and no request that began earlier stores anything later. Its sender is told to
// send it again, and learns then that its token is gone. A project that is made anew with the same name starts afresh.
func (s *Server) Forget(project string) {
	s.reports.forget(project)
	f := &s.forgotten
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.at == nil {
		f.at = map[string]time.Time{}
	}
	for id, at := range f.at {
		if now.Sub(at) > rememberFor {
			delete(f.at, id)
		}
	}
	f.at[project] = now
}

// put is the store's Append, unless the project of the request was deleted since it began.
func (s *Server) put(ctx context.Context, r *request, b *store.Batch) (store.Result, error) {
	s.forgotten.mu.RLock()
	defer s.forgotten.mu.RUnlock()
	if at, ok := s.forgotten.at[r.project.ID]; ok && !r.began.After(at) {
		return store.Result{}, store.ErrNotFound
	}
	return s.cfg.Store.Append(ctx, r.project.ID, b)
}
