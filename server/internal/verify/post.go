package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/tailrace-go/tailrace/stages"
)

// reply is what matters of an answer.
type reply struct {
	status   int
	page     bool   // it is meant for people
	quota    bool   // it says that nothing is stored
	location string // host that a redirect leads to
	accepts  string // its Accept-Encoding
	date     time.Time
	asked    time.Time // when the request left, by our clock
	answered time.Time
}

// maxAnswer is how much is read of an answer.
const maxAnswer = 64 << 10

func (r *run) newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  r.cfg.Proxy,
		TLSClientConfig:        r.tlsConfig(),
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // an answer that unpacks to gigabytes is not unpacked
		MaxResponseHeaderBytes: maxAnswer,
	}
}

// post sends a batch without spans.
func (r *run) post(ctx context.Context, c stages.Compression) (*reply, error) {
	body, err := c.Append(nil, r.cfg.Wire.AppendClose(r.cfg.Wire.AppendOpen(nil)))
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.cfg.Target.URL.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", r.cfg.Wire.ContentType())
	request.Header.Set("X-Mastra-Observability-Capabilities", "quota-pause-v1")
	if coding := c.Encoding(); coding != "" {
		request.Header.Set("Content-Encoding", coding)
	}
	if r.cfg.Target.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.cfg.Target.Token)
	}
	asked := time.Now()
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // so that the connection can be used again
	a := &reply{status: response.StatusCode, asked: asked, answered: time.Now(), accepts: response.Header.Get("Accept-Encoding")}
	kind, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	a.page = strings.EqualFold(strings.TrimSpace(kind), "text/html")
	a.quota = response.StatusCode == http.StatusPaymentRequired || response.Header.Get("X-Mastra-Observability") == "disabled"
	if to, err := response.Location(); err == nil {
		a.location = to.Host
	}
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		a.date = date
	}
	return a, nil
}

func (a *reply) String() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)))
}

func sendEmpty(ctx context.Context, r *run) Check {
	if r.failed {
		return skip(afterFailure)
	}
	a, err := r.post(ctx, stages.None)
	if err != nil {
		return bad(Fail, requestAdvice(err), "%s", reason(err))
	}
	r.first = a
	token := "the token is accepted"
	if r.cfg.Target.Token == "" {
		token = "no token is wanted"
	}
	switch {
	case a.quota && a.status != http.StatusUnauthorized && a.status != http.StatusForbidden:
		return bad(Fail, "the quota is used up: wait for the next period, or raise it", "%v: nothing is stored", a)
	case a.status/100 == 2 && a.page:
		return bad(Fail, "a login page or a captive portal answers in place of the endpoint: sign in, or correct --endpoint", "%v with a web page", a)
	case a.status/100 == 2:
		return ok("%v to an empty batch in %v: %s", a, a.answered.Sub(a.asked).Round(100*time.Microsecond), token)
	}
	return bad(Fail, statusAdvice(a, r.cfg.Target.Token != ""), "%v to an empty batch", a)
}

func statusAdvice(a *reply, token bool) string {
	switch code := a.status; {
	case code == http.StatusUnauthorized && !token:
		return "give a token: --token-file, or MASTRA_CLOUD_ACCESS_TOKEN"
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return "the endpoint refuses the token: see whether it is whole, not expired, and of this project and region"
	case code == http.StatusProxyAuthRequired:
		return "the proxy wants credentials: put them into HTTPS_PROXY"
	case code/100 == 3 && a.location != "":
		return fmt.Sprintf("redirects are not followed, since they would carry token and spans elsewhere: if you trust %q, give that in --endpoint", a.location)
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed || code == http.StatusGone:
		return "the host is there and does not know the path: see --endpoint, --project and --wire"
	case code == http.StatusTooManyRequests:
		return "the endpoint is asked too much: try again later"
	case code >= 500 || code == http.StatusRequestTimeout:
		return "the endpoint is broken or overloaded: try again later, and look into its log"
	}
	return "this is no endpoint for spans of this kind: see --endpoint and --wire"
}

func sendGzip(ctx context.Context, r *run) Check { return r.compressed(ctx, stages.Gzip) }
func sendZstd(ctx context.Context, r *run) Check { return r.compressed(ctx, stages.Zstd) }

func (r *run) compressed(ctx context.Context, c stages.Compression) Check {
	if r.failed {
		return skip(afterFailure)
	}
	a, err := r.post(ctx, c)
	switch {
	case err != nil:
		return bad(Warn, requestAdvice(err), "%s", reason(err))
	case a.status == http.StatusUnsupportedMediaType || a.status == http.StatusBadRequest:
		return bad(Warn, "nothing has to be done; without, spans take about ten times the network", "%v: not taken, so other ways are used", a)
	case a.status/100 != 2 || a.page:
		return bad(Warn, statusAdvice(a, r.cfg.Target.Token != ""), "%v", a)
	case c == stages.Zstd && !strings.Contains(strings.ToLower(a.accepts), "zstd"):
		return bad(OK, "say --compression zstd to use it: the endpoint does not offer it in Accept-Encoding", "%v: taken", a)
	}
	return ok("%v: taken", a)
}

// compareClocks compares this machine's with the server's. Theirs is told in whole seconds.
func compareClocks(_ context.Context, r *run) Check {
	switch {
	case r.first == nil:
		return skip("there was no answer to read a date from")
	case r.first.date.IsZero():
		return skip("the answer has no Date")
	}
	const tolerance = 5 * time.Second
	between := r.first.asked.Add(r.first.answered.Sub(r.first.asked) / 2)
	skew := between.Sub(r.first.date.Add(time.Second / 2)).Round(time.Second)
	switch {
	case skew > tolerance:
		return bad(Warn, "set this machine's clock, by NTP: spans are shown where their times say", "%v ahead of the endpoint's", skew)
	case skew < -tolerance:
		return bad(Warn, "set this machine's clock, by NTP: spans are shown where their times say", "%v behind the endpoint's", -skew)
	}
	return ok("within %v of the endpoint's", tolerance)
}

// reason is an error's text without the URL, which may be secret.
func reason(err error) string {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return "no answer within --timeout"
	}
	return err.Error()
}

func dialAdvice(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: see whether the server runs, and on this port"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "nobody answers: see whether a firewall lies between, and whether the port is right"
	}
	return "see whether this machine can reach the network of the endpoint"
}

func requestAdvice(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "the endpoint took the connection and does not answer: look into its log, or give it more time with --timeout"
	}
	return "the endpoint broke off: look into its log, and at what lies between"
}
