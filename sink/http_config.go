package sink

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// HTTPConfig holds the settings of an [HTTPSender]. Its zero value works once Endpoint is set.
type HTTPConfig struct {
	// Endpoint is the URL that bodies are posted to: http or https, without user and password.
	Endpoint string

	// Header goes with each request. The sender itself sets Content-Type, Content-Encoding,
	// Content-Length and Idempotency-Key. It is copied.
	Header http.Header

	// Authorize, if set, is called before each try and may set header fields, such as a token that
	// is renewed; it may use the network and must end when ctx does. An error pauses the sending as
	// a 401 does. Calls are concurrent.
	Authorize func(ctx context.Context, r *http.Request) error

	// AllowInsecure allows credentials to go over http to hosts other than this one: an Authorize,
	// or a Header field named Authorization or Cookie or after a key, token or secret.
	AllowInsecure bool

	// Senders is how many requests there may be at once at first; 0 means 4, or MaxSenders if that
	// is less. MaxSenders is as many as they may become; 0 means 16. Between 1 and MaxSenders the
	// number adapts: it grows while the endpoint keeps up and bodies wait, and shrinks when the
	// endpoint answers 429 or 503, or not in time, or takes longer the more it is asked. Equal
	// numbers are kept.
	Senders    int
	MaxSenders int

	Timeout time.Duration // of one try, from the dial to the end of the answer; 0 means 10 s
	Retry   RetryConfig   // when to try again, and when to give up

	// Probe is a body without items that the endpoint takes at any time, of the type ProbeType
	// ("" means application/json). If it is set, it and not a body with items finds out whether an
	// endpoint that was down is back, or a pause over, and Verify sends it. It counts as nobody's
	// retry, but while it fails the time of RetryConfig.MaxElapsed goes on. It is copied.
	Probe     []byte
	ProbeType string

	// MaxResponseBytes is how much is read of an answer's body; 0 means 64 KiB.
	MaxResponseBytes int

	// Recompress compresses what is left of a body that was cut because the endpoint found it too
	// large: encoding is the body's Content-Encoding, and the result is the sender's. Without it
	// the pieces are sent plain. Calls are concurrent.
	Recompress func(encoding string, plain []byte) ([]byte, error)

	// Decompress undoes the compression of a body that was read back from Spool, where it is to be cut
	// or sent plain: encoding is its Content-Encoding, most the size in bytes beyond which the result
	// is an error. The result is the sender's. Without it such a body is sent as it is, or has failed.
	// Calls are concurrent.
	Decompress func(encoding string, data []byte, most int) ([]byte, error)

	// Spool keeps bodies on disk until the endpoint has them; its zero value is no spool.
	Spool SpoolConfig

	// DialContext and TLS change the sender's own transport: how it connects, and which roots and
	// certificates it uses. TLS is copied; a version before 1.2 is never spoken.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	TLS         *tls.Config

	// Transport replaces the sender's own. It should neither decompress answers nor allow them
	// endless headers, and closing its idle connections is left to the caller.
	Transport http.RoundTripper

	// Pause, if set, reads from an answer whether the endpoint asks to be left alone, as with a quota
	// that is used up, and for how long: what it answers is obeyed up to an hour, and a wait of 0
	// is the usual one of a pause. A body that got a 2xx counts as delivered all the same, any
	// other is kept. It must be quick and not keep header. Calls are concurrent.
	Pause func(status int, header http.Header) (wait time.Duration, ok bool)

	// Retries, if set, says which statuses the endpoint wants to be tried again after, for a protocol
	// that says so itself: every other one but 2xx, 413 and 415 then means that the body has failed,
	// what the table in the package's documentation holds for days included. It must be quick. Calls
	// are concurrent.
	Retries func(status int) bool

	// ReadAnswer, if set, reads the body of an answer, as far as MaxResponseBytes go, in place of the
	// sender, which knows OTLP's partial success in JSON: of a 2xx how many items were rejected, at
	// most as many as the body has, and of any answer what it says in words. It must be quick and keep
	// neither. Calls are concurrent.
	ReadAnswer func(status int, contentType string, answer []byte) (rejected int, message string)

	// OnEncodings is told of the content codings that the endpoint takes, such as "gzip" and
	// "zstd", the most welcome first, when that becomes known and each time it changes: from the
	// Accept-Encoding of any answer (RFC 7694), or nil after the endpoint has refused compressed
	// bodies. One call at a time; it must be quick.
	OnEncodings func(encodings []string)

	// OnResult is told what became of each body, and of each piece of one that was cut. It must be
	// quick. Calls are concurrent.
	OnResult func(HTTPResult)

	// OnState is told of each change of State, one call at a time. It must be quick. A state
	// that was over before its turn came may be left out.
	OnState func(HTTPState)

	// Report, if set, returns the ledger of the run that the sender belongs to, for endpoints that
	// ask for it with the header Tailrace-Ledger, as a tailrace server does: each request then says
	// in that header what became of items so far, and under the name of Instance. It must be quick
	// ([pipeline.Pipeline.Ledger] is). Calls are concurrent. Instance is at most 64 signs, without
	// space, comma, = and quotes; "" means eight random ones.
	Report   func() pipeline.Ledger
	Instance string

	// Rand is where the random part of pauses comes from; nil means a source of its own. It is
	// used by one goroutine at a time.
	Rand rand.Source
}

// maxSenders bounds what one process may ask of an endpoint at once.
const maxSenders = 256

func (c HTTPConfig) withDefaults() (HTTPConfig, error) {
	c.MaxSenders = cmp.Or(c.MaxSenders, 16)
	c.Senders = cmp.Or(c.Senders, min(4, c.MaxSenders))
	c.Probe = slices.Clone(c.Probe)
	c.ProbeType = cmp.Or(c.ProbeType, "application/json")
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.MaxResponseBytes = cmp.Or(c.MaxResponseBytes, 64<<10)
	c.Header = c.Header.Clone()
	if c.Rand == nil {
		c.Rand = rand.NewPCG(rand.Uint64(), rand.Uint64())
	}
	var err error
	if c.Retry, err = c.Retry.withDefaults(); err != nil {
		return c, fmt.Errorf("HTTPConfig.Retry: %w", err)
	}
	if c.Spool, err = c.Spool.withDefaults(); err != nil {
		return c, fmt.Errorf("HTTPConfig.Spool: %w", err)
	}
	switch {
	case c.MaxSenders < 0 || c.MaxSenders > maxSenders:
		return c, fmt.Errorf("HTTPConfig.MaxSenders is %d, not 1 to %d", c.MaxSenders, maxSenders)
	case c.Senders < 0 || c.Senders > c.MaxSenders:
		return c, fmt.Errorf("HTTPConfig.Senders is %d, not 1 to MaxSenders, which is %d", c.Senders, c.MaxSenders)
	case c.Timeout < 0:
		return c, fmt.Errorf("HTTPConfig.Timeout is negative: %v", c.Timeout)
	case c.MaxResponseBytes < 0:
		return c, fmt.Errorf("HTTPConfig.MaxResponseBytes is negative: %d", c.MaxResponseBytes)
	case c.Transport != nil && (c.DialContext != nil || c.TLS != nil):
		return c, errors.New("HTTPConfig.DialContext and HTTPConfig.TLS change the sender's own transport, and HTTPConfig.Transport replaces it: set one or the other")
	}
	if err := checkHeader(c.Header); err != nil {
		return c, fmt.Errorf("HTTPConfig.Header: %w", err)
	}
	if err := checkHeader(http.Header{"Content-Type": {c.ProbeType}}); err != nil {
		return c, fmt.Errorf("HTTPConfig.ProbeType: %w", err)
	}
	if err := checkInstance(c.Instance); err != nil {
		return c, fmt.Errorf("HTTPConfig.Instance: %w", err)
	}
	for name := range c.Header {
		if slices.Contains(reserved, http.CanonicalHeaderKey(name)) {
			return c, fmt.Errorf("HTTPConfig.Header: the field %s is the sender's own", name)
		}
	}
	if err := c.checkEndpoint(); err != nil {
		return c, fmt.Errorf("HTTPConfig.Endpoint: %w", err)
	}
	return c, nil
}

// reserved are the header fields that a request gets from its body or from net/http.
var reserved = []string{
	"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Host", "Idempotency-Key",
	"Tailrace-Ledger", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// checkEndpoint says what is wrong with the URL without showing it, since it may hold a secret.
func (c HTTPConfig) checkEndpoint() error {
	if c.Endpoint == "" {
		return errors.New("it is empty")
	}
	u, err := url.Parse(c.Endpoint)
	var bad *url.Error
	switch {
	case errors.As(err, &bad):
		return errors.New("it is no URL") // the error's own text would repeat it
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("its scheme is neither http nor https")
	case u.Hostname() == "":
		return errors.New("it has no host")
	case !isHost(u.Hostname()):
		return errors.New("its host is neither a name nor an address")
	case u.User != nil:
		return errors.New("it has a user or a password in it: use HTTPConfig.Authorize")
	case u.Fragment != "":
		return errors.New("it has a fragment")
	case u.Scheme == "http" && !c.AllowInsecure && c.hasCredentials() && !loopback(u.Hostname()):
		return errors.New("it would send credentials in plain text: use https, or HTTPConfig.AllowInsecure")
	}
	return nil
}

func (c HTTPConfig) hasCredentials() bool {
	if c.Authorize != nil {
		return true
	}
	for name := range c.Header {
		name = strings.ToLower(name)
		for _, part := range []string{"authorization", "cookie", "key", "token", "secret"} {
			if strings.Contains(name, part) {
				return true
			}
		}
	}
	return false
}

// isHost reports whether host can be one: url.Parse takes almost any characters for a name. What is not
// ASCII is left to net/http, which knows internationalized names.
func isHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return !strings.ContainsFunc(host, func(c rune) bool {
		return c < 0x80 && c != '-' && c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761, section 6.3
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// checkHeader finds what net/http would refuse to send, before anything depends on it. Its error
// names the field and never shows its value.
func checkHeader(h http.Header) error {
	for name, values := range h {
		if name == "" || strings.ContainsFunc(name, func(c rune) bool { return !tokenChar(c) }) {
			return fmt.Errorf("%q is no name of a field", name)
		}
		for _, value := range values {
			for i := range len(value) {
				if c := value[i]; c < ' ' && c != '\t' || c >= 0x7f {
					return fmt.Errorf("the value of the field %s has a character that is not printable ASCII", name)
				}
			}
		}
	}
	return nil
}

// tokenChar is tchar of RFC 9110, section 5.6.2.
func tokenChar(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

// newTransport makes a transport that is not http.DefaultTransport, which anybody may change.
func (c HTTPConfig) newTransport() *http.Transport {
	dial := c.DialContext
	if dial == nil {
		dial = (&net.Dialer{Timeout: c.Timeout, KeepAlive: 30 * time.Second}).DialContext
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLS != nil {
		secure = c.TLS.Clone()
		secure.MinVersion = max(secure.MinVersion, tls.VersionTLS12)
	}
	return &http.Transport{
		Proxy:                  proxyFromEnvironment,
		OnProxyConnectResponse: proxyAnswered,
		DialContext:            hearing(dial),
		TLSClientConfig:        secure,
		ForceAttemptHTTP2:      true, // a TLSClientConfig turns it off otherwise
		MaxIdleConns:           c.MaxSenders,
		MaxIdleConnsPerHost:    c.MaxSenders,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    c.Timeout,
		DisableCompression:     true, // an answer that unpacks to gigabytes is not unpacked
		MaxResponseHeaderBytes: 64 << 10,
		// All streams share one connection: a dead one has to be noticed by itself.
		HTTP2: &http.HTTP2Config{SendPingTimeout: c.Timeout, PingTimeout: c.Timeout},
	}
}

// Format writes the configuration without its header and query, which may be secret, whatever the
// verb.
func (c HTTPConfig) Format(f fmt.State, _ rune) {
	host := "no host"
	if u, err := url.Parse(c.Endpoint); err == nil && u.Host != "" {
		host = u.Scheme + "://" + u.Host
	}
	_, _ = fmt.Fprintf(f, "sink.HTTPConfig{%s, %d header fields, %d to %d senders}", host, len(c.Header), c.Senders, c.MaxSenders)
}
