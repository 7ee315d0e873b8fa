package sink

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// outcome is what one request came to.
type outcome struct {
	class   class
	err     error         // nil if accepted
	after   time.Duration // Retry-After
	refused int           // items of an accepted body
	form    form          // what was sent
	status  int           // of the answer; 0 if there was none
	// pushback says that the endpoint is asked too much, or did not answer in time.
	pushback bool
	header   http.Header // of the answer

	// The endpoint asks to be left alone, why and for how long: pauseErr is nil if it does not,
	// pause is 0 if it does not say.
	pauseErr error
	pause    time.Duration
}

// form is a body as it goes over the wire.
type form struct {
	data     []byte
	encoding string
}

// formOf chooses how to send a body.
func (s *HTTPSender) formOf(body *pipeline.Body) form {
	if _, plain := s.coding.state(body.ContentEncoding); plain && s.canUnpack(body) && s.unpack(body) == nil {
		return form{data: body.Plain}
	}
	return form{body.Data, body.ContentEncoding}
}

// post sends a body once, and counts what that came to. It does not keep the body's bytes.
func (s *HTTPSender) post(ctx context.Context, body *pipeline.Body, key string, f form) outcome {
	o := s.exchange(ctx, body, key, f)
	s.count.tries[o.class].Add(1)
	return o
}

func (s *HTTPSender) exchange(ctx context.Context, body *pipeline.Body, key string, f form) outcome {
	s.count.requests.Add(1)
	s.count.bytes.Add(int64(len(f.data)))
	try, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout, errNoAnswer)
	defer cancel()
	content := &payload{body: body, data: f.data}
	defer content.detach() // the transport may hold it for longer than its answer
	var last heard
	if s.own != nil {
		try = last.trace(try)
	}
	request, secrets, err := s.request(try, body, key, f, content)
	if err != nil {
		return s.noAnswer(ctx, held, err, f)
	}
	response, err := s.transport.RoundTrip(request) // not Client.Do, which follows redirects
	if err != nil {
		late := errors.Is(context.Cause(try), errNoAnswer)
		if late {
			err = fmt.Errorf("%w: %v", errNoAnswer, s.cfg.Timeout)
		} else if alert := last.alert(); alert != nil {
			err = alert
		}
		o := s.noAnswer(ctx, classifyError(err), err, f)
		o.pushback = late && o.class != unknown
		return o
	}
	defer response.Body.Close()
	s.count.answered(response.StatusCode)
	return s.judge(response, body, f, secrets)
}

// request makes one try's request, and says what of it no text may show.
func (s *HTTPSender) request(ctx context.Context, body *pipeline.Body, key string, f form, content *payload) (request *http.Request, secrets []string, err error) {
	request, err = http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.Endpoint, http.NoBody)
	if err != nil {
		return nil, nil, err
	}
	if len(f.data) > 0 {
		// Without GetBody, and with a body of a type that net/http cannot rewind, a connection
		// that breaks ends this try: a transport would repeat a request with an Idempotency-Key
		// by itself, beyond what is counted and paced here.
		request.Body, request.GetBody, request.ContentLength = content, nil, int64(len(f.data))
	}
	for name, values := range s.cfg.Header {
		request.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if s.cfg.Authorize != nil {
		if err := s.cfg.Authorize(ctx, request); err != nil {
			return nil, nil, fmt.Errorf("HTTPConfig.Authorize: %w", withoutURL(err))
		}
		if err := checkHeader(request.Header); err != nil {
			return nil, nil, fmt.Errorf("HTTPConfig.Authorize: %w", err)
		}
	}
	h := request.Header
	if request.URL.RawQuery != "" {
		secrets = append(secrets, request.URL.RawQuery)
	}
	for _, values := range h {
		secrets = append(secrets, values...)
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", userAgent())
	}
	h.Set("Idempotency-Key", key)
	s.sign(h)
	setOrDelete(h, "Content-Type", body.ContentType)
	setOrDelete(h, "Content-Encoding", f.encoding)
	return request, secrets, nil
}

func setOrDelete(h http.Header, name, value string) {
	if value == "" {
		h.Del(name)
		return
	}
	h.Set(name, value)
}

// noAnswer is the outcome of a request that failed.
func (s *HTTPSender) noAnswer(ctx context.Context, c class, err error, f form) outcome {
	if ctx.Err() != nil {
		return outcome{class: unknown, err: context.Cause(ctx), form: f}
	}
	s.count.broken.Add(1)
	err = fmt.Errorf("sink: %w", withoutURL(err))
	s.count.lastError.Store(&err)
	return outcome{class: c, err: err, form: f}
}

// judge reads an answer and says what it means.
func (s *HTTPSender) judge(response *http.Response, body *pipeline.Body, f form, secrets []string) (o outcome) {
	proven, _ := s.coding.state(f.encoding)
	a := answer{
		code: response.StatusCode, header: response.Header,
		compressed: f.encoding != "" && s.canUnpack(body), proven: proven, retries: s.cfg.Retries,
	}
	if a.code != http.StatusSwitchingProtocols { // what follows that one is no body
		// A body that breaks off takes nothing back: the status has been said. Read to its end,
		// it leaves the connection fit for the next request.
		a.text, _ = io.ReadAll(io.LimitReader(response.Body, int64(s.cfg.MaxResponseBytes)))
	}
	o = outcome{class: classify(a), form: f, status: a.code, header: a.header, pushback: crowded(a.code)}
	defer s.obey(&o, a.code, a.header)
	s.reports.heard(a.code, a.header)
	if a.code != http.StatusUnsupportedMediaType {
		s.coding.heard(a.header)
	}
	if o.class == accepted {
		var text string
		if o.refused, text = s.refused(a, body.Items()); o.refused > 0 {
			o.err = &RejectedError{Items: o.refused, Message: legible(s.unechoed(text, body), secrets)}
			s.count.lastError.Store(&o.err)
		}
		return o
	}
	o.after = retryAfter(a.header, time.Now(), s.cfg.Retry.Max)
	e := &StatusError{Code: a.code, Message: legible(s.unechoed(s.message(a), body), secrets), RetryAfter: o.after, retries: s.cfg.Retries}
	if location, err := response.Location(); err == nil {
		e.Location = legible(location.Host, secrets)
	}
	o.err = e
	s.count.lastError.Store(&o.err)
	return o
}

// refused returns how many of n items an accepted body has that the endpoint did not take, and why.
func (s *HTTPSender) refused(a answer, n int) (items int, text string) {
	if s.cfg.ReadAnswer == nil {
		return refused(a.text, n)
	}
	items, text = s.cfg.ReadAnswer(a.code, a.header.Get("Content-Type"), a.text)
	return min(max(items, 0), n), text
}

// message is what an answer that is no acceptance says.
func (s *HTTPSender) message(a answer) string {
	if s.cfg.ReadAnswer == nil {
		return message(a)
	}
	_, text := s.cfg.ReadAnswer(a.code, a.header.Get("Content-Type"), a.text)
	return text
}

// crowded reports whether a status says that an endpoint is asked too much.
func crowded(code int) bool {
	return code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout
}

// classifyError says what a request without an answer means: try again, except where the
// configuration or a certificate is at fault, which no endpoint mends by itself.
func classifyError(err error) class {
	var (
		unverified *tls.CertificateVerificationError
		authority  x509.UnknownAuthorityError
		host       x509.HostnameError
		invalid    x509.CertificateInvalidError
		roots      x509.SystemRootsError
		notTLS     tls.RecordHeaderError
		proxy      *proxyError
		op         *net.OpError
	)
	switch {
	case errors.As(err, &unverified), errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid),
		errors.As(err, &roots), errors.As(err, &notTLS), errors.As(err, &proxy):
		return held
	case errors.As(err, &op) && (op.Op == opAlert || op.Op == "local error"):
		return held // a TLS alert: another version, a client certificate demanded, …
	}
	return retry
}

// withoutURL is err without the URLs in it, since theirs may hold a secret.
func withoutURL(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// newKey makes an Idempotency-Key.
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// userAgent names this module and its version.
var userAgent = sync.OnceValue(func() string {
	const path = "github.com/tailrace-go/tailrace"
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == path && m.Version != "" && m.Version != "(devel)" {
				version = m.Version
			}
		}
	}
	return "tailrace/" + version + " (+https://" + path + ")"
})
