package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// fault is an error that says itself how it is answered.
type fault struct {
	status  int
	problem access.Problem
}

func (f *fault) Error() string { return f.problem.Message }

// invalid is the answer to a parameter or member that cannot be understood. The text quotes nothing of the request but,
// shortened, the name of the field.
func invalid(field, format string, a ...any) error {
	field = store.CutText(field, 64)
	return &fault{http.StatusBadRequest, access.Problem{Code: "invalid", Message: field + ": " + fmt.Sprintf(format, a...), Field: field}}
}

// refused is any other answer.
func refused(status int, code, format string, a ...any) error {
	return &fault{status, access.Problem{Code: code, Message: fmt.Sprintf(format, a...)}}
}

// problemOf says how an error is answered. What is not about the request is 500, and its text stays in the log.
func (o *operation) problemOf(err error) (status int, p access.Problem) {
	var (
		f       *fault
		field   *store.FieldError
		tooLong *http.MaxBytesError
	)
	switch {
	case errors.As(err, &f):
		return f.status, f.problem
	case errors.As(err, &field):
		return http.StatusBadRequest, access.Problem{Code: "invalid", Message: field.Field + ": " + field.Reason, Field: field.Field}
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge, access.Problem{Code: "too_large", Message: fmt.Sprintf("the body has more than %d bytes", tooLong.Limit)}
	case errors.Is(err, store.ErrNotFound), errors.Is(err, meta.ErrNotFound), errors.Is(err, meta.ErrSecret), errors.Is(err, store.ErrProject):
		message := o.missing
		if message == "" {
			message = "there is no such thing"
		}
		return http.StatusNotFound, access.Problem{Code: "not_found", Message: message}
	case errors.Is(err, meta.ErrExists):
		return http.StatusConflict, access.Problem{Code: "exists", Message: "there is one already"}
	case errors.Is(err, context.DeadlineExceeded):
		message := "the answer takes too long"
		if o.narrow != "" {
			message += ": " + o.narrow
		}
		return http.StatusServiceUnavailable, access.Problem{Code: "timeout", Message: message}
	case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrFull), errors.Is(err, store.ErrClosed):
		return http.StatusServiceUnavailable, access.Problem{Code: "unavailable", Message: "the store cannot do this now: try again"}
	case errors.Is(err, store.ErrQuota):
		return http.StatusInsufficientStorage, access.Problem{Code: "quota", Message: "today alone exceeds the project's quota"}
	}
	return http.StatusInternalServerError, access.Problem{Code: "internal", Message: "the server failed; its log says how"}
}
