package observability

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/tailrace-go/tailrace/internal/losslog"
	"github.com/tailrace-go/tailrace/sink"
)

// cloudLog writes the lines of a [CloudExporter]. No line has a token, a prompt or a server's words,
// which may repeat either.
type cloudLog struct {
	logger *slog.Logger
	level  slog.Level
	losses *losslog.Log
}

func newCloudLog(logger *slog.Logger, level slog.Level) *cloudLog {
	l := &cloudLog{logger: logger, level: level}
	l.losses = losslog.New(func(attrs ...slog.Attr) { l.line(slog.LevelWarn, "cloud exporter: spans lost", attrs...) })
	return l
}

func (l *cloudLog) enabled(level slog.Level) bool {
	return level >= l.level && l.logger.Enabled(context.Background(), level)
}

func (l *cloudLog) line(level slog.Level, message string, attrs ...slog.Attr) {
	if l.enabled(level) {
		l.logger.LogAttrs(context.Background(), level, message, attrs...)
	}
}

func (l *cloudLog) started(s *cloudSetup) {
	token := s.askedFrom
	if s.shownAs != "" {
		token = fmt.Sprintf("%s (%s)", s.shownAs, s.askedFrom)
	}
	l.line(slog.LevelInfo, "cloud exporter: started",
		slog.String("endpoint", shown(s.target)),
		slog.String("endpoint_from", s.from),
		slog.String("token", token),
		slog.String("wire", s.Wire.String()),
		slog.String("compression", string(s.Compression)),
		slog.Int("max_batch_size", s.MaxBatchSize),
		slog.Duration("max_batch_wait", s.MaxBatchWait),
		slog.Int("max_batch_bytes", s.MaxBatchBytes),
		slog.Int("max_bytes", s.MaxBytes),
		slog.String("overflow", string(s.Overflow)),
		slog.Duration("max_elapsed", s.MaxElapsed))
}

func (l *cloudLog) disabled() {
	l.line(slog.LevelWarn, "cloud exporter: disabled, spans go nowhere", slog.String("reason", ErrNoToken.Error()))
}

// state is for [sink.HTTPConfig.OnState].
func (l *cloudLog) state(s sink.HTTPState) {
	switch s.Mode {
	case sink.Sending:
		l.line(slog.LevelInfo, "cloud exporter: sending again")
	case sink.Retrying:
		l.line(slog.LevelWarn, "cloud exporter: the endpoint seems to be down; spans are kept and sent later", slog.String("error", describe(s.Err)))
	case sink.Paused:
		l.line(slog.LevelWarn, "cloud exporter: paused; spans are kept", slog.String("error", describe(s.Err)), slog.String("to_do", advice(s.Err)))
	}
}

// result is for [sink.HTTPConfig.OnResult].
func (l *cloudLog) result(r sink.HTTPResult) {
	if !l.enabled(slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.Int("spans", r.Items), slog.Int("bytes", r.Bytes), slog.String("encoding", r.Encoding),
		slog.Int("status", r.Status), slog.Int("tries", r.Tries), slog.Duration("elapsed", r.Elapsed),
	}
	message := "cloud exporter: delivered"
	if r.Err != nil {
		message = "cloud exporter: not delivered"
		attrs = append(attrs, slog.String("error", describe(r.Err)))
	}
	l.line(slog.LevelDebug, message, attrs...)
}

// ended writes the account of the whole run.
func (l *cloudLog) ended(stats CloudStats, err error) {
	l.losses.Close()
	a, level := stats.Ledger, slog.LevelInfo
	attrs := []slog.Attr{slog.Int64("accepted", a.Accepted), slog.Int64("delivered", a.Delivered)}
	if a.Lost() > 0 {
		attrs = append(attrs, slog.Int64("lost", a.Lost()))
	}
	if a.Spooled > 0 {
		attrs = append(attrs, slog.Int64("spooled", a.Spooled))
	}
	if err != nil {
		level = slog.LevelWarn
	}
	l.line(level, "cloud exporter: closed", attrs...)
}

// describe is an error's text without what a server wrote.
func describe(err error) string {
	var status *sink.StatusError
	var rejected *sink.RejectedError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &status):
		terse := *status
		terse.Message = ""
		return terse.Error()
	case errors.As(err, &rejected):
		return fmt.Sprintf("the endpoint rejected %d spans", rejected.Items)
	}
	return err.Error()
}

// advice is what to do about a pause.
func advice(err error) string {
	var source *tokenError
	var status *sink.StatusError
	switch {
	case errors.As(err, &source):
		return "check the source of access tokens"
	case !errors.As(err, &status):
		return "check the endpoint and its certificate"
	}
	switch code := status.Code; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return "check the access token"
	case code == http.StatusPaymentRequired, status.Pause:
		return "the quota is used up: wait, or raise it"
	case code == http.StatusProxyAuthRequired:
		return "check the proxy's credentials"
	case code/100 == 3:
		return "set the endpoint to where this one has moved; redirects are not followed"
	}
	return "check the endpoint"
}
