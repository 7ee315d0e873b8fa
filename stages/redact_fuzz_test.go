package stages_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// canary is a key that no redaction lets through.
var canary = "gh" + "p_" + strings.Repeat("cAn4ry", 6)

// fuzzed are redactors of each kind.
func fuzzed(t testing.TB) map[string]*stages.Redactor {
	t.Helper()
	all := stages.FindKeys | stages.FindCards | stages.FindEmails
	return map[string]*stages.Redactor{
		"full":       redactor(t, stages.RedactConfig{Find: all}),
		"partial":    redactor(t, stages.RedactConfig{Find: all, Style: stages.RedactPartial}),
		"indexed":    redactor(t, stages.RedactConfig{Find: all, Style: stages.RedactIndexed}),
		"long token": redactor(t, stages.RedactConfig{Find: all, Token: `<'taken out' by the rules of our house, see the handbook / p. 7>`}),
		"by key":     redactor(t, stages.RedactConfig{Find: stages.FindNothing}),
		"finder": redactor(t, stages.RedactConfig{Find: all, Finder: func(text string, found func(from, to int)) {
			for i := 0; ; {
				n := strings.Index(text[i:], "hunter")
				if n < 0 {
					return
				}
				found(i+n, i+n+len("hunter"))
				i += n + 1
			}
		}}),
	}
}

// FuzzRedact: whatever the value, what comes out is JSON and UTF-8, not more than twice as long, the same when it is
// redacted again, and shows neither what stood under a secret key nor a key in the midst of text.
func FuzzRedact(f *testing.F) {
	for _, s := range positives()[:200] {
		f.Add(string(s.value))
	}
	for _, s := range negatives()[:27] {
		f.Add(string(s.value))
	}
	for _, seed := range []string{
		`{"token":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}`, `["{\"key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}"]`,
		`"\u007b\u0022key\u0022:1}"`, `"{\"a\":\"\\u0000\\b\\f\\ud83d\"}{\"jwt\":tru"`, `{"` + "sk" + `-ant-aB3aB3aB3aB3aB3aB3aB3aB3":{"password":""}}`,
		`"{\"key\":{\"a\":[1,\"x`, `"api_key=\\\"aB3dE5fG7hI9jK1lM3nO5pQ7\\\""`, `"\np` + `m_aB3dE5fG7hI9jK1lM3nO5pQ7aB3dE5fG7hI9jK"`, `"[REDACTED]"`, `"hunter hunthunterer"`,
		`"://a:[@"`, `"x://:p@h;password=1&pwd=2"`, `"4111 1111 1111 1111 a@b.example"`, `["-----BEGIN PRIVATE KEY…","-----BEGIN PRIVATE KEY-----aB3dE5fG7hI9jK1lM3nO5"]`, `{"apiKey":"[APIKEY_1]","token":"abc…xyz","key":"*"}`,
	} {
		f.Add(seed)
	}
	redactors := fuzzed(f)
	f.Fuzz(func(t *testing.T, text string) {
		for name, r := range redactors {
			if v, err := span.ParseValue(text); err == nil {
				checkRedacted(t, name, r, v)
				checkRedacted(t, name, r, span.Value(`{"password":`+orNull(v)+`}`))
			}
			hidden := span.Text(text + "\n" + canary + "\n" + text)
			if got := checkRedacted(t, name, r, hidden); name != "by key" && strings.Contains(string(got), canary) {
				t.Errorf("%s: %s shows the canary in %s", name, got, hidden)
			}
			under := span.Value(`{"a":` + string(span.Text(text)) + `,"API_key":"` + canary + `","x":[{"auth":["` + canary + `"]}]}`)
			if got := checkRedacted(t, name, r, under); strings.Contains(string(got), canary) {
				t.Errorf("%s: %s shows the canary of %s", name, got, under)
			}
			plain := strings.ToValidUTF8(text, "?")
			got := r.Text(plain, "t")
			if !utf8.ValidString(got) || len(got) > 2*len(plain)+64 {
				t.Errorf("%s: text %q became %q", name, plain, got)
			}
			if again := r.Text(got, "t"); again != got {
				t.Errorf("%s: text %q became %q, then %q", name, plain, got, again)
			}
			r.Value(span.Value(text), "") // also what is not JSON
			r.Text(text, "")
		}
	})
}

func orNull(v span.Value) string {
	if v == "" {
		return "null"
	}
	return string(v)
}

func checkRedacted(t *testing.T, name string, r *stages.Redactor, v span.Value) span.Value {
	t.Helper()
	got := r.Value(v, "t")
	switch {
	case v != "" && !json.Valid([]byte(got)):
		t.Errorf("%s: %s became %s, which is not JSON", name, v, got)
	case !utf8.ValidString(string(got)):
		t.Errorf("%s: %s became %q", name, v, got)
	case len(got) > 2*len(v)+64:
		t.Errorf("%s: %d bytes became %d: %s, %s", name, len(v), len(got), v, got)
	}
	if again := r.Value(got, "t"); again != got {
		t.Errorf("%s: %s became\n%s, then\n%s", name, v, got, again)
	}
	return got
}

// TestRedactLeavesTheRestAsItIs cuts what was redacted at its tokens: the pieces are pieces of the value, in order.
func TestRedactLeavesTheRestAsItIs(t *testing.T) {
	r := redactor(t, stages.RedactConfig{Token: "~~~"})
	d := dice{rand.New(rand.NewPCG(5, 6))}
	samples := append(positives(), negatives()...)
	for range 2000 {
		var parts []string
		for range 1 + d.IntN(4) {
			s := samples[d.IntN(len(samples))]
			if strings.Contains(string(s.value), `\"`) || strings.Contains(string(s.value), `\u00`) {
				continue // JSON in JSON, and what hides behind escapes, is written anew
			}
			parts = append(parts, `"`+d.pick("a", "message", `k\u00e9y`, "password")+`" : `+string(s.value))
		}
		v := "{" + strings.Join(parts, " ,\n") + "}"
		got := string(r.Value(span.Value(v), ""))
		rest := v
		for piece := range strings.SplitSeq(strings.ReplaceAll(got, `"~~~"`, "~~~"), "~~~") {
			at := strings.Index(rest, piece)
			if at < 0 {
				t.Fatalf("%s became %s: %q was not there", v, got, piece)
			}
			rest = rest[at+len(piece):]
		}
	}
}

// TestRedactTextsMadeOfTrouble holds the laws of FuzzRedact on texts that a fuzzer is slow to come by: pieces of
// secrets, of their surroundings and of JSON, thrown together.
func TestRedactTextsMadeOfTrouble(t *testing.T) {
	redactors := fuzzed(t)
	d := dice{rand.New(rand.NewPCG(7, 8))}
	pieces := []string{
		"s" + "k-", "AK" + "IA", "AI" + "za", "ey" + "J", "gh" + "p_", "np" + "m_", "S" + "K", "JQQ" + "J99", ".", "://", "x://a:", "@", ":", "=", ";", "?", "&",
		"Bearer ", "Basic ", "%20", "%3D", "pass" + "word=", "pwd=", "api_key", "sig=", "access" + "Token", " ", "\n", "\t", `"`, `\`, `\"`, `\n`, `\u0022`, "'", "(", "<", "/", "-", "_", "+",
		"-----BEG" + "IN PRIVATE KEY-----", "-----E" + "ND PRIVATE KEY-----", "-----", `{"key":`, `{"a":"`, `"password":`, "{", "[", "]", "}", ",", "0", "null", `"x"`,
		"4111 1111 1111 1111", "4111111111111111", "a@b.example", "hunter", "[REDACTED]", "[APIKEY_1]", "abc…xyz", "…", "*", "é", "\ufffd", "\x00", "12345678:AA",
	}
	var text strings.Builder
	for range troubles {
		text.Reset()
		for range 1 + d.IntN(9) {
			switch d.IntN(4) {
			case 0:
				text.WriteString(d.of(alnums, 1+d.IntN(44)))
			case 1:
				text.WriteString(d.of(hexits, 1+d.IntN(64)))
			default:
				text.WriteString(pieces[d.IntN(len(pieces))])
			}
		}
		v := span.Text(text.String())
		if d.IntN(3) == 0 {
			v = span.Text(string(v)) // a text that has escapes
		}
		if d.IntN(3) == 0 {
			v = "{" + v + ":[" + v + "," + span.Text(`{"a":`+string(v)+`,"token":1}`) + "]}"
		}
		for name, r := range redactors {
			got := checkRedacted(t, name, r, v)
			plain := text.String()
			first := r.Text(plain, "t")
			if again := r.Text(first, "t"); again != first {
				t.Errorf("%s: text %q became %q, then %q", name, plain, first, again)
			}
			if name != "by key" && strings.Contains(string(r.Value(span.Text(plain+"\n"+canary+"\n"+plain), "")), canary) {
				t.Errorf("%s: %q shows a canary", name, plain)
			}
			_ = got
		}
		if t.Failed() {
			return
		}
	}
}

const troubles = 2000
