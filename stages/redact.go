package stages

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// RedactConfig says what [Redact] and a [Redactor] take out. Its zero value takes out whatever stands under the
// default fields and whatever looks like a provider's key, a token or a card number.
//
// The default fields are those of Mastra's SensitiveDataFilter (password, token, secret, key, apikey, auth,
// authorization, bearer, bearertoken, jwt, credential, clientsecret, privatekey, refresh, ssn) and these, which are
// the same under other names: accesskey, accesstoken, apisecret, apitoken, authtoken, cookie, credentials,
// encryptionkey, idtoken, passphrase, passwd, proxyauthorization, pwd, refreshtoken, secretaccesskey, secretkey,
// sessiontoken, setcookie, signingkey, xapikey.
type RedactConfig struct {
	// Fields are keys whose values are replaced, besides the default ones. A key matches when it equals a field once
	// both are in lower case and stripped of all but a-z and 0-9: the field "cardPIN" is matched by card_pin.
	Fields []string

	// OnlyFields leaves out the default fields. Without Fields, no key is then looked at.
	OnlyFields bool

	Token string      // stands in place of what was taken out; at most 64 bytes, without " and \; "" means [REDACTED]
	Style RedactStyle // how much of it is still to be seen
	Find  RedactFinds // what is looked for in all text, whatever its key; 0 means FindKeys and FindCards

	// Finder, if there is one, looks for more in a text, free of JSON's escapes: it calls found with the position of
	// the first byte of each secret and of the byte behind it. It must not find anything in Token, and is called by
	// many goroutines at once. If it panics or gives positions that are not in the text, the whole field is blanked.
	Finder func(text string, found func(from, to int))
}

// RedactStyle says what is to be seen of a value that was taken out. The zero style is full.
type RedactStyle uint8

// The styles.
const (
	// RedactFull puts Token in place of a value.
	RedactFull RedactStyle = iota

	// RedactPartial shows the first three and the last three characters, "sk-…9fQ", of values that have more than six.
	RedactPartial

	// RedactIndexed gives a value a name by which it is known again within its trace: [APIKEY_1], after the key that it
	// stands under or the kind of secret that it is. The values themselves are not kept, only their hashes, of 1000
	// values a trace in the 1000 traces used last; what goes beyond that is redacted in full.
	RedactIndexed
)

// RedactFinds says what is looked for in all text; values may be added up.
type RedactFinds uint8

// What can be looked for.
const (
	// FindKeys finds keys and tokens by their form: those of some ninety providers by their prefixes (OpenAI,
	// Anthropic, Google, AWS, Azure, GitHub, GitLab, Slack, Stripe, Hugging Face, …), JWTs, private keys in PEM,
	// bearer and basic credentials of HTTP headers, passwords in URLs and connection strings, secrets in webhook URLs,
	// and keys without a prefix where something like api_key= stands in front of them.
	FindKeys RedactFinds = 1 << iota

	// FindCards finds the numbers of payment cards that pass the Luhn check.
	FindCards

	// FindEmails finds e-mail addresses. They are not looked for by default.
	FindEmails

	// FindNothing leaves text under innocent keys alone.
	FindNothing RedactFinds = 1 << 7
)

const (
	defaultToken = "[REDACTED]"
	maxToken     = 64 // bytes
	maxField     = 64 // bytes, normalised
)

// defaultFields are normalised.
var defaultFields = []string{
	"password", "token", "secret", "key", "apikey", "auth", "authorization", "bearer", "bearertoken", "jwt",
	"credential", "clientsecret", "privatekey", "refresh", "ssn",
	"accesskey", "accesstoken", "apisecret", "apitoken", "authtoken", "cookie", "credentials", "encryptionkey",
	"idtoken", "passphrase", "passwd", "proxyauthorization", "pwd", "refreshtoken", "secretaccesskey", "secretkey",
	"sessiontoken", "setcookie", "signingkey", "xapikey",
}

// blank stands in place of a value on which redaction failed.
const blank = `{"error":{"processor":"sensitive-data-filter"}}`

// Redactor takes secrets out of spans and other values. It may be used by many goroutines at once.
//
// By key: under a key that equals one of the fields, every scalar is replaced, also null, 0, false and "", and however
// deep in objects and arrays. The objects and arrays stay.
//
// By form: in every text, and in the keys of objects, what looks like a secret is replaced; see [FindKeys]. The rest of
// the text stays.
//
// Both work inside of strings that hold JSON, as often as they do, up to eight strings within one another (a deeper one
// is replaced as a whole). JSON that was cut short is redacted as far as it goes.
//
// What needs no change keeps its bytes. What was redacted once stays the same when it is redacted again. Valid JSON
// stays valid JSON, and UTF-8 stays UTF-8. The result is at most twice as long as the value was, and 64 bytes: where
// tokens would make it longer, "*" stands in their place. The time is linear in the length, whatever the text; a value
// in which something was found by its form is looked through twice.
//
// It fails closed. A value that is not valid JSON or nests deeper than 128, and one on which the Finder fails, becomes
// {"error":{"processor":"sensitive-data-filter"}}, or the token where there can be text only; [Redactor.Failed] counts
// them.
type Redactor struct {
	fields fieldSet
	finder func(string, func(from, to int))
	style  RedactStyle

	token   string
	escaped string // the token inside a JSON string
	quoted  string // the token as a JSON string

	inJSON *triggers
	inText *triggers
	keys   bool // FindKeys or another
	names  *namer
	failed atomic.Int64
	idle   sync.Pool // of *redaction
}

// NewRedactor checks cfg. An error names the field that is wrong.
func NewRedactor(cfg RedactConfig) (*Redactor, error) {
	if cfg.Token == "" {
		cfg.Token = defaultToken
	}
	if cfg.Find == 0 {
		cfg.Find = FindKeys | FindCards
	}
	switch {
	case cfg.Style > RedactIndexed:
		return nil, fmt.Errorf("RedactConfig.Style is unknown: %d", cfg.Style)
	case cfg.Find&^(FindKeys|FindCards|FindEmails|FindNothing) != 0:
		return nil, fmt.Errorf("RedactConfig.Find is unknown: %#x", uint8(cfg.Find))
	case cfg.Find&FindNothing != 0 && cfg.Find != FindNothing:
		return nil, errors.New("RedactConfig.Find has FindNothing and something else")
	case len(cfg.Token) > maxToken:
		return nil, fmt.Errorf("RedactConfig.Token has %d bytes, the limit is %d", len(cfg.Token), maxToken)
	case !utf8.ValidString(cfg.Token) || strings.ContainsFunc(cfg.Token, unicode.IsControl):
		return nil, errors.New("RedactConfig.Token has control characters or is not UTF-8")
	case strings.ContainsAny(cfg.Token, `"\`): // in JSON that was cut short it would end or begin a string
		return nil, errors.New("RedactConfig.Token has a quote or a backslash")
	}
	r := &Redactor{
		finder:  cfg.Finder,
		style:   cfg.Style,
		token:   cfg.Token,
		quoted:  string(span.Text(cfg.Token)),
		keys:    cfg.Find != FindNothing,
		inJSON:  newTriggers(cfg.Find, true),
		inText:  newTriggers(cfg.Find, false),
		escaped: "",
	}
	r.escaped = r.quoted[1 : len(r.quoted)-1]
	if !cfg.OnlyFields {
		r.fields.addAll(defaultFields)
	}
	for i, name := range cfg.Fields {
		if err := r.fields.add(name); err != nil {
			return nil, fmt.Errorf("RedactConfig.Fields[%d]: %w", i, err)
		}
	}
	if r.style == RedactIndexed {
		r.names = newNamer()
	}
	if r.keys && r.inText.finds(cfg.Token) {
		return nil, errors.New("RedactConfig.Token looks like a secret itself")
	}
	return r, nil
}

// Redact takes secrets out of spans where they lie and passes them on; see [Redactor]. It belongs in front of whatever
// keeps or sends spans. A frozen span is frozen again when it was changed, so that its size is right.
//
// A setting that makes no sense is an error of the run. A part of a span on which redaction fails is blanked, and the
// span goes on.
func Redact(cfg RedactConfig) pipeline.Stage[*span.Span, *span.Span] {
	r, err := NewRedactor(cfg)
	if err != nil {
		return pipeline.BadStage[*span.Span, *span.Span]("redact", err)
	}
	return Apply(func(s **span.Span) { r.Span(*s) }).Named("redact")
}

// Failed is how many values were blanked because they could not be redacted.
func (r *Redactor) Failed() int64 { return r.failed.Load() }

// Value returns v without its secrets, and v itself when it has none. It is for what travels beside spans: the data of a
// log record, the metadata of a score. Trace is the trace that it belongs to, of use to [RedactIndexed] alone, which
// redacts in full without one. The result is valid JSON if it differs from v.
func (r *Redactor) Value(v span.Value, trace span.TraceID) span.Value {
	if v.IsNull() {
		return v
	}
	w := r.start(trace)
	clean, ok := w.value(v, "")
	r.finish(w, ok)
	return clean
}

// Text returns text without the secrets that it has by their form, and inside of it if it is JSON: the message of a log
// record, a comment, a name.
func (r *Redactor) Text(text string, trace span.TraceID) string {
	if text == "" {
		return ""
	}
	w := r.start(trace)
	clean, ok := w.text(text)
	r.finish(w, ok)
	return clean
}

// Span takes the secrets out of s: by key and by form out of its attributes, metadata, request context, input, output,
// error details and extra fields; by form out of its name, its entity's name, its tags, and its error's message, name
// and stack. Ids, types and times stay. s must not be shared; what it points to (tags, extra fields, the error) is
// replaced, not written to. A frozen span that was changed is frozen again.
func (r *Redactor) Span(s *span.Span) {
	if s == nil {
		return
	}
	w := r.start(s.TraceID)
	ok := w.span(s)
	r.finish(w, ok)
}

func (r *Redactor) start(trace span.TraceID) *redaction {
	w, _ := r.idle.Get().(*redaction)
	if w == nil {
		w = &redaction{r: r}
	}
	w.trace = trace
	return w
}

// finish keeps the buffers for the next, but not those of a redaction that has failed midway.
func (r *Redactor) finish(w *redaction, ok bool) {
	w.trace, w.top = "", pass{}
	if ok && w.shrink() {
		r.idle.Put(w)
	}
}
