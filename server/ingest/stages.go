package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/store"
)

// decode unpacks a body and takes it apart. Each worker has decoders of its own.
func (s *Server) decode() pipeline.Stage[*request, *request] {
	return pipeline.Fuse(func(in *pipeline.In[*request], out *pipeline.Out[*request]) func(**request) {
		var unpacker intake.Unpacker
		return func(item **request) {
			r := *item
			if o, ok := s.unpack(&unpacker, r); !ok {
				r.finish(o)
				in.Filtered(item)
				return
			}
			out.Push(item)
		}
	}).Named("decode")
}

// unpack fills in the content of a request, or says why it has none.
func (s *Server) unpack(u *intake.Unpacker, r *request) (o outcome, ok bool) {
	defer func() {
		if v := recover(); v != nil {
			*u = intake.Unpacker{} // nobody knows what is left of it
			o, ok = s.panicked(r, "decode", v), false
		}
	}()
	switch {
	case r.gone():
		return gone(http.StatusServiceUnavailable, "the request was given up"), false
	case time.Now().After(r.deadline):
		return s.unavailable("busy", "the server did not get to this body in time: send it again"), false
	}
	plain, err := u.Unpack(r.wire, r.encoding, s.cfg.Limits)
	if err == nil {
		r.wire = nil
		r.content, err = r.read(plain, s.cfg.Limits)
	}
	if err != nil {
		return s.refused(err), false
	}
	if r.key != "" {
		r.sum = sha256.Sum256(plain)
	}
	return outcome{}, true
}

// refused is the answer to a body that cannot be taken.
func (s *Server) refused(err error) outcome {
	switch status := intake.Status(err); status {
	case http.StatusRequestEntityTooLarge:
		return failed(status, "too_large", err.Error(), "body")
	case http.StatusUnsupportedMediaType:
		return failed(status, "encoding", err.Error(), "Content-Encoding")
	case http.StatusBadRequest:
		return failed(status, "bad_request", err.Error(), "body")
	}
	s.log.error("a body could not be judged", "error", err)
	return s.unavailable("unavailable", "the server is not set up right")
}

// check holds a request against the quota of its project.
func (s *Server) check() pipeline.Stage[*request, *request] {
	return pipeline.Fuse(func(in *pipeline.In[*request], out *pipeline.Out[*request]) func(**request) {
		return func(item **request) {
			r := *item
			lease, ok, err := s.lease(in.Context(), r)
			if err != nil {
				s.settle(r, Account{Returned: int64(r.items())})
				r.finish(s.storeError(r, err))
				in.Filtered(item)
				return
			}
			if !ok {
				r.finish(s.overQuota(r))
				in.Filtered(item)
				return
			}
			r.lease = lease
			out.Push(item)
		}
	}).Named("check")
}

// lease takes what a request needs of its project's quota.
func (s *Server) lease(ctx context.Context, r *request) (l lease, ok bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &pipeline.PanicError{Stage: "check", Value: v, Stack: debug.Stack()}
		}
	}()
	return s.quotas.take(ctx, r.project, len(r.spans))
}

// overQuota rejects all that a request brings.
func (s *Server) overQuota(r *request) outcome {
	a := Account{Received: int64(r.items() + len(r.rejected))}
	if n := r.items(); n > 0 {
		a.reject(ReasonQuota, int64(n))
	}
	for _, bad := range r.rejected {
		a.reject(store.Reason(bad.Reason), 1)
	}
	s.settle(r, a)
	now := s.cfg.Now()
	o := failed(http.StatusPaymentRequired, "quota", fmt.Sprintf("the project's quota of %d spans a day is used up", r.project.Quota), "")
	o.retry, o.quota, o.account = tomorrow(now).Sub(now), true, a
	return o
}

// append has the store keep a request, and tells the sender. Many requests are here at once: the store joins those
// that wait into one commit.
func (s *Server) append(ctx context.Context, r *request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = s.notStored(r, &pipeline.PanicError{Stage: "store", Value: v, Stack: debug.Stack()})
		}
	}()
	ctx, cancel := context.WithDeadline(ctx, r.deadline)
	defer cancel()
	if r.items() == 0 { // a probe, or nothing that could be read
		if err := s.cfg.Store.Ready(ctx); err != nil {
			return s.notStored(r, err)
		}
		s.stored(r, store.Result{})
		return nil
	}
	began := time.Now()
	result, err := s.put(ctx, r, &store.Batch{
		Received: r.received, Label: r.label, Key: r.key, Sum: r.sum, Spans: r.spans, Records: r.records,
	})
	if err != nil {
		return s.notStored(r, err)
	}
	s.ledger.committed(time.Since(began))
	s.stored(r, result)
	return nil
}

// notStored gives a request back to its sender. The error is for the pipeline's account.
func (s *Server) notStored(r *request, err error) error {
	r.lease.settle(0)
	s.settle(r, Account{Returned: int64(r.items())})
	o := s.storeError(r, err)
	r.finish(o)
	return pipeline.WithReason(o.problem.Code, err)
}

// panicked is the answer to a body that made a function panic. It is no failure of the server's: the next body gets a
// fresh start, and the sender must not send this one again.
func (s *Server) panicked(r *request, stage string, v any) outcome {
	return s.storeError(r, &pipeline.PanicError{Stage: stage, Value: v, Stack: debug.Stack()})
}

// storeError is the answer to what a store says.
func (s *Server) storeError(r *request, err error) outcome {
	var panicked *pipeline.PanicError
	switch {
	case errors.As(err, &panicked):
		s.log.error("a request made a stage panic", "stage", panicked.Stage, "project", r.project.ID, "panic", panicked.Error(), "stack", string(panicked.Stack))
		return failed(http.StatusInternalServerError, "internal", "the server could not take this body", "")
	case errors.Is(err, store.ErrNotFound):
		return s.unavailable("deleted", "the project was deleted")
	case errors.Is(err, store.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return s.unavailable("busy", "the store is busy: send this again")
	case errors.Is(err, store.ErrFull):
		s.log.error("the disk is full", "project", r.project.ID)
		return s.unavailable("full", "the server's disk is full: send this again later")
	case errors.Is(err, store.ErrQuota):
		return failed(http.StatusInsufficientStorage, "disk_quota", "what the project stored today exceeds the disk space it may use", "")
	case errors.Is(err, store.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, pipeline.ErrDrainDeadline):
		return s.unavailable("stopping", "the server is stopping: send this again")
	}
	s.log.error("a request was not stored", "project", r.project.ID, "error", err)
	return s.unavailable("unavailable", "the server could not store this: send it again")
}

// stored enters what became of each item, and answers.
func (s *Server) stored(r *request, result store.Result) {
	n, repeated, rejected := result.Count()
	a := Account{
		Received: int64(r.items() + len(r.rejected)), Stored: int64(n), Repeated: int64(repeated),
		Cut: int64(r.cut), Unlinked: int64(r.unlinked),
	}
	for reason, k := range rejected {
		a.reject(reason, int64(k))
	}
	for _, bad := range r.rejected {
		a.reject(store.Reason(bad.Reason), 1)
	}
	spans := 0
	for _, o := range result.Spans {
		if o.State == store.Stored {
			spans++
		}
	}
	r.lease.settle(spans)
	s.settle(r, a)
	r.finish(outcome{status: http.StatusOK, account: a, note: noteOf(a, r.rejected)})
}

func (s *Server) settle(r *request, a Account) {
	s.ledger.settle(r.project.ID, r.signal, a, s.cfg.Now())
}

// lost answers a request that the pipeline gave up, because the drain took too long.
func (s *Server) lost(_, _ string, item any) {
	r, ok := item.(*request)
	if !ok || r.settled.Load() {
		return
	}
	r.lease.settle(0)
	s.settle(r, Account{Returned: int64(r.items())})
	r.finish(s.unavailable("stopping", "the server is stopping: send this again"))
}
