package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrPermanent is matched by failures that a retry cannot mend.
var ErrPermanent = errors.New("sink: permanent failure")

// StatusError is an answer that is no acceptance.
type StatusError struct {
	Code       int           // of the answer; 2xx if that was a web page, or asked for a pause
	Message    string        // what the server says, bounded, without control characters and credentials
	Location   string        // host and port that a redirect leads to
	RetryAfter time.Duration // how long the server asked to wait, within the limits of RetryConfig or HTTPConfig.Pause
	Pause      bool          // it asked to be left alone, as HTTPConfig.Pause has it

	retries func(status int) bool // HTTPConfig.Retries
}

func (e *StatusError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sink: the endpoint answered %d", e.Code)
	if text := http.StatusText(e.Code); text != "" {
		b.WriteString(" " + text)
	}
	switch {
	case e.Pause:
		b.WriteString(" and asks for a pause")
		if e.RetryAfter > 0 {
			fmt.Fprintf(&b, " of %v", e.RetryAfter)
		}
	case e.Code/100 == 2:
		b.WriteString(" with a web page, which is no acceptance")
	}
	if e.Location != "" {
		fmt.Fprintf(&b, ", leading to host %q, which is not followed", e.Location)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return b.String()
}

// Is makes an answer that no retry can mend match [ErrPermanent].
func (e *StatusError) Is(target error) bool {
	c := classify(answer{code: e.Code, retries: e.retries})
	return target == ErrPermanent && !e.Pause && (c == rejected || c == tooLarge)
}

// RejectedError is the part of an accepted body that the endpoint did not take.
type RejectedError struct {
	Items   int
	Message string // what the server says, as in StatusError
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("sink: the endpoint rejected %d items of a body: %s", e.Items, e.Message)
}

// Is makes it match [ErrPermanent].
func (e *RejectedError) Is(target error) bool { return target == ErrPermanent }

// class is what an answer, or its absence, means for a body.
type class uint8

const (
	accepted  class = iota
	retry           // try again after a pause; more of these mean that the endpoint is down
	throttled       // the same, but the endpoint is there
	held            // somebody has to act: keep the body and ask now and then
	rejected        // never again
	tooLarge        // cut it, if it is more than one item
	plainly         // the same body again, not compressed
	unknown         // the run's own end came first
)

// answer is what an endpoint said.
type answer struct {
	code       int
	header     http.Header
	text       []byte // the beginning of its body
	compressed bool   // the body it answers to is
	proven     bool   // a compressed body was accepted before

	retries func(status int) bool // HTTPConfig.Retries
}

// classify is the one place that decides what a status means. RFC 9110, section 15, says what
// each is; what to do is FAULTS.md, section 3.1, the wide reading of "may be tried again": an
// endpoint of OTLP would get along with 429, 502, 503 and 504.
//
// An endpoint whose protocol decides that itself gets its own way where the table would try again, hold or give up.
func classify(a answer) class {
	c := usual(a)
	if a.retries == nil || a.code >= 200 && a.code < 300 {
		return c
	}
	switch {
	case a.retries(a.code):
		if c == throttled {
			return throttled
		}
		return retry
	case c == tooLarge, a.code == http.StatusUnsupportedMediaType:
		return c
	}
	return rejected
}

func usual(a answer) class {
	switch code := a.code; code {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusProxyAuthRequired:
		return held
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return retry
	case http.StatusTooManyRequests:
		return throttled
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	case http.StatusUnsupportedMediaType:
		if a.compressed {
			return plainly
		}
		return rejected
	case http.StatusBadRequest:
		// A server that knows no Content-Encoding reads noise.
		if a.compressed && !a.proven {
			return plainly
		}
		return rejected
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return rejected
	default:
		switch {
		case code >= 200 && code < 300:
			if webPage(a) {
				return held // a captive portal or a login page has stored nothing
			}
			return accepted
		case code >= 300 && code < 400:
			return held
		case code >= 500:
			return retry // above 599 too: RFC 9110, section 15, has them treated as 5xx
		}
		return rejected
	}
}

// webPage reports whether an answer is meant for people.
func webPage(a answer) bool {
	kind := a.header.Get("Content-Type")
	if kind == "" {
		return len(a.text) > 0 && strings.HasPrefix(http.DetectContentType(a.text), "text/html")
	}
	kind, _, _ = strings.Cut(kind, ";") // a bad parameter does not hide the type
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// refused returns how many of n items a 2xx answer rejects, and why: OTLP's partial success, of
// which a count of 0 is a mere warning. Whatever cannot be read rejects nothing.
// https://opentelemetry.io/docs/specs/otlp/#partial-success-1
func refused(text []byte, n int) (items int, message string) {
	if len(text) == 0 {
		return 0, ""
	}
	var reply struct {
		PartialSuccess struct {
			RejectedSpans json.RawMessage `json:"rejectedSpans"`
			ErrorMessage  string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if json.Unmarshal(text, &reply) != nil {
		return 0, ""
	}
	// Protobuf's JSON writes a 64-bit number as a string.
	digits := strings.Trim(string(reply.PartialSuccess.RejectedSpans), `"`)
	count, ok := parseSeconds(digits, int64(n))
	if !ok {
		return 0, ""
	}
	return int(count), reply.PartialSuccess.ErrorMessage
}

// maxMessage bounds what is kept of a server's words, in bytes.
const maxMessage = 512

// legible makes a server's words fit for a log line: bounded, on one line, without the secrets
// that it may repeat.
func legible(text string, secrets []string) string {
	for _, secret := range secrets {
		// The scheme before a token is no secret, and a server may repeat the token alone.
		if _, token, ok := strings.Cut(secret, " "); ok && len(token) >= minSecret {
			text = strings.ReplaceAll(text, token, redacted)
		}
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, redacted)
		}
	}
	if len(text) > maxMessage {
		text = text[:maxMessage]
		for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
		text = text[:max(len(text)-1, 0)] + "…"
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, text)
	return strings.TrimSpace(text)
}

const (
	minSecret = 6 // shorter values, such as "1", are no secrets and would hit ordinary words
	redacted  = "REDACTED"
)

// message is what an answer that is no acceptance says, if it says it in text.
func message(a answer) string {
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err == nil && kind != "application/json" && kind != "text/plain" && kind != "application/problem+json" {
		return ""
	}
	return string(a.text)
}
