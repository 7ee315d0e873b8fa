package stages

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Secrets are looked for by bytes that are rare in prose and in JSON, and that each form of secret has: the last byte of
// a prefix, mostly. All other bytes cost one look at a table. At such a byte the text before and behind it decides. How
// far a form looks is bounded, or it takes what it has looked at, so that the time is linear.

// What a byte means to a scan.
const (
	classPlain = iota
	classQuote
	classEscape
	classControl
	classTrigger
)

// triggers is the table of a scan.
type triggers struct {
	class  [256]uint8
	near   [256]*[256]bool // before which trigger it is of use to look further; nil means behind any byte
	quoted bool            // the text stands in quotes, with its escapes
	hunts  bool            // and may hide what is looked for
}

func newTriggers(find RedactFinds, quoted bool) *triggers {
	t := &triggers{quoted: quoted, hunts: find != FindNothing}
	set := func(bytes string) {
		for i := range len(bytes) {
			t.class[bytes[i]] = classTrigger
		}
	}
	if find&FindKeys != 0 {
		set(":=BbQJ")
		for b := range leads {
			if leads[b] != nil {
				t.class[b] = classTrigger
				for before, list := range leads[b] {
					t.comesBehind(byte(b), byte(before), len(list) > 0)
				}
			}
		}
		t.comesBehind('-', '-', true) // PEM
		t.comesBehind('Q', 'J', true)
		t.comesBehind('J', 'y', true)
		for before := range 256 {
			b := byte(before)
			t.comesBehind('=', b, endsName[b] || strings.IndexByte(" \"'`\\]", b) >= 0)
			t.comesBehind('b', b, maybeEdge(b))
			t.comesBehind('B', b, maybeEdge(b))
		}
	}
	if find&FindCards != 0 {
		set("23456")
		for b := byte('2'); b <= '6'; b++ {
			for before := range 256 {
				t.comesBehind(b, byte(before), maybeEdge(byte(before)))
			}
		}
	}
	if find&FindEmails != 0 {
		set("@")
	}
	if quoted {
		for b := range ' ' {
			t.class[b] = classControl
		}
		t.class['"'], t.class['\\'] = classQuote, classEscape
	}
	return t
}

// comesBehind says whether it is of use to look further at a trigger that stands behind a byte.
func (t *triggers) comesBehind(trigger, before byte, of bool) {
	if t.near[trigger] == nil {
		t.near[trigger] = new([256]bool)
	}
	t.near[trigger][before] = t.near[trigger][before] || of
}

// maybeEdge reports whether a secret may begin behind b, which may be the last letter of an escape: see edge.
func maybeEdge(b byte) bool {
	return sets[b]&alnum == 0 || b == '0' || b >= 'A' && b <= 'F' || strings.IndexByte("nrtbf", b) >= 0
}

// pointless reports whether there can be no secret at the trigger src[i] for what stands before it.
func (t *triggers) pointless(src string, i int) bool {
	near := t.near[src[i]]
	return near != nil && !near[src[i-1]] && (src[i] != '.' || i+7 >= len(src) || src[i+7] != '.')
}

// escape returns the length of the escape that s begins with; 0 if it is none, and if it is one of a letter that a form
// has to see.
func (t *triggers) escape(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return 2
	case '/':
		if !t.hunts {
			return 2
		}
	case 'u':
		if c := hex4(s); c >= 0 && (c < ' ' || c >= 0x7f || !t.hunts) {
			return 6
		}
	}
	return 0
}

// finds reports whether there is a secret in text.
func (t *triggers) finds(text string) bool {
	h := hunter{src: text}
	for i := range len(text) {
		if t.class[text[i]] == classTrigger && h.hunt(i).kind != "" {
			return true
		}
	}
	return false
}

// find is a secret at src[from:to]. Without a kind it is none, and there is no need to look at a byte before to again.
type find struct {
	from, to int
	kind     string
}

// Sets of bytes.
const (
	lower = 1 << iota
	upper
	digit
	hexit
	dash   // - and _
	dot    // . ~ %
	base   // + / =
	lines  // space, line ends, colon and comma: what PEM has besides
	alnum  = lower | upper | digit
	urlish = alnum | dash
	any64  = alnum | base
)

var sets = func() (t [256]uint8) {
	for b := range t {
		switch {
		case b >= 'a' && b <= 'z':
			t[b] = lower
		case b >= 'A' && b <= 'Z':
			t[b] = upper
		case b >= '0' && b <= '9':
			t[b] = digit | hexit
		}
		if b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' {
			t[b] |= hexit
		}
	}
	for set, bytes := range map[uint8]string{dash: "-_", dot: ".~%", base: "+/=", lines: " \n\r\t:,"} {
		for i := range len(bytes) {
			t[bytes[i]] |= set
		}
	}
	return t
}()

// run returns where the run of bytes of a set that begins at from ends, at most at limit.
func run(src string, from, limit int, set uint8) int {
	limit = min(limit, len(src))
	for from < limit && sets[src[from]]&set != 0 {
		from++
	}
	return from
}

// runBack returns where the run of bytes of a set that ends before to begins, not before floor.
func runBack(src string, to, floor int, set uint8) int {
	for to > floor && sets[src[to-1]]&set != 0 {
		to--
	}
	return to
}

// edge reports whether a secret may begin at src[at]: behind no letter or digit, unless that ends an escape of JSON, of
// a URL or of another language, once or several times quoted.
func edge(src string, at, floor int) bool {
	if at <= floor || sets[src[at-1]]&alnum == 0 {
		return true
	}
	back := func(n int) byte {
		if at-n < floor {
			return 0
		}
		return src[at-n]
	}
	last := back(1)
	switch {
	case back(2) == '\\':
		return strings.IndexByte("nrtbf", last) >= 0
	case back(3) == '%':
		return sets[back(2)]&hexit != 0 && sets[last]&hexit != 0
	case back(6) == '\\' && back(5) == 'u':
		return hex4(src[at-6:at]) >= 0
	}
	return false
}

// random reports whether text is more like a key than like words: it changes often between small letters, capitals and
// digits that touch each other.
func random(text string) bool {
	n, changes, numbers := 0, 0, 0
	last := uint8(0)
	for i := range len(text) {
		kind := sets[text[i]] & alnum
		if kind != 0 {
			n++
			if last != 0 && kind != last {
				changes++
			}
			if kind == digit {
				numbers++
			}
		}
		last = kind
	}
	return changes > 2 && (numbers > 0 && changes*8 >= n || changes*3 >= n)
}

// window is how much of a run decides whether it is random.
const window = 64

// hunter looks for secrets in one text.
type hunter struct {
	src    string
	floor  int  // where the text begins, or the last secret ended
	quoted bool // the text stands in quotes, with its escapes
	noJWT  int  // there is no token with dots before this
}

// hunt looks for a secret around the trigger src[i].
func (h *hunter) hunt(i int) find {
	src := h.src
	switch b := src[i]; b {
	case '-':
		if i > h.floor && strings.HasPrefix(src[i-1:], rule) {
			return h.huntPEM(i - 1)
		}
	case ':':
		switch {
		case strings.HasPrefix(src[i:], "://"):
			return h.huntURL(i)
		case i > h.floor && sets[src[i-1]]&digit != 0:
			return h.huntTelegram(i)
		}
		return h.huntAssigned(i)
	case '=':
		return h.huntAssigned(i)
	case '.':
		if i+7 < len(src) && src[i+7] == '.' {
			if f := h.huntDiscord(i); f.kind != "" {
				return f
			}
		}
	case 'B', 'b':
		return h.huntHeader(i)
	case 'Q':
		return h.huntAzure(i)
	case 'J':
		return h.huntJWT(i)
	case '2', '3', '4', '5', '6':
		return h.huntCard(i)
	case '@':
		return h.huntEmail(i)
	}
	return h.huntLead(i)
}

// huntLead finds what begins with the prefix of a provider.
func (h *hunter) huntLead(i int) find {
	src := h.src
	if i <= h.floor || leads[src[i]] == nil {
		return find{}
	}
	for _, l := range leads[src[i]][src[i-1]&0x7f] {
		at := i - l.at
		if at < h.floor || !strings.HasPrefix(src[at:], l.prefix) || !edge(src, at, h.floor) || h.escape(at) > 0 {
			continue
		}
		body := at + len(l.prefix)
		end := run(src, body, body+max(l.min+1, window), l.set)
		switch n := end - body; {
		case n < l.min:
			continue
		case l.form == exact && (n > l.min || end < len(src) && src[end] == '_'):
			continue
		case l.form == mixed && !random(src[body:end]):
			continue
		}
		return find{at, trimDots(src, body, run(src, end, len(src), l.set)), l.kind}
	}
	return find{}
}

// escape returns how much of an escape src[at] and what follows still are: a letter behind a backslash, or u and its
// digits. What looks like the beginning of a secret may be one.
func (h *hunter) escape(at int) int {
	from := at
	for from > h.floor && h.src[from-1] == '\\' {
		from--
	}
	switch {
	case !h.quoted || (at-from)%2 == 0:
		return 0
	case h.src[at] == 'u':
		return 5
	}
	return 1
}

// runBack returns where the run of bytes of a set that ends before to begins, at most limit before that.
func (h *hunter) runBack(to, limit int, set uint8) int {
	at := runBack(h.src, to, max(h.floor, to-limit), set)
	if at < to {
		at += h.escape(at)
	}
	return min(at, to)
}

// trimDots leaves the end of a sentence out of a secret that may have dots inside.
func trimDots(src string, from, to int) int {
	for to > from && src[to-1] == '.' {
		to--
	}
	return to
}

// huntJWT finds what begins like {" in base64 and goes on behind a dot.
func (h *hunter) huntJWT(i int) find {
	src, at := h.src, i-2
	if i < h.noJWT || at < h.floor || src[at:i] != "ey" || !edge(src, at, h.floor) {
		return find{}
	}
	head := run(src, i, len(src), urlish)
	if head-at < 16 || head == len(src) || src[head] != '.' {
		h.noJWT = head
		return find{}
	}
	if run(src, head+1, head+11, urlish) < head+11 {
		return find{}
	}
	return find{at, trimDots(src, head, run(src, head, len(src), urlish|dot)), "JWT"}
}

// huntTelegram finds the token of a bot: its number, a colon and 35 letters or more.
func (h *hunter) huntTelegram(i int) find {
	src := h.src
	at := h.runBack(i, 11, digit)
	if n := i - at; n < 8 || n > 10 || !edge(src, at, h.floor) || !strings.HasPrefix(src[i:], ":AA") {
		return find{}
	}
	if run(src, i+1, i+36, urlish) < i+36 {
		return find{}
	}
	return find{at, run(src, i+1, len(src), urlish), "TELEGRAM"}
}

// huntDiscord finds the token of a bot: its number in base64, six letters and a signature, with dots between.
func (h *hunter) huntDiscord(i int) find {
	src := h.src
	at := h.runBack(i, 29, urlish)
	if n := i - at; n < 23 || n > 28 || src[at]-'M' > 'O'-'M' || run(src, i+1, i+7, urlish) != i+7 {
		return find{}
	}
	if end := run(src, i+8, i+48, urlish); end >= i+8+27 && random(src[at:end]) {
		return find{at, end, "DISCORD"}
	}
	return find{}
}

// huntAzure finds the keys of Azure's services, which have this mark in their midst.
func (h *hunter) huntAzure(i int) find {
	src := h.src
	if i <= h.floor || !strings.HasPrefix(src[i-1:], "JQQJ9") {
		return find{}
	}
	at := h.runBack(i, 61, alnum)
	if i-at < 40 || i-at > 60 || run(src, i, i+24, alnum) < i+24 {
		return find{}
	}
	return find{at, run(src, i, len(src), alnum), "AZURE"}
}

// huntHeader finds the credentials behind Bearer and Basic.
func (h *hunter) huntHeader(i int) find {
	src := h.src
	if i+6 >= len(src) || src[i+1] != 'e' && src[i+1] != 'a' && src[i+1] != 'E' && src[i+1] != 'A' {
		return find{}
	}
	from, basic := i+6, false
	if !strings.EqualFold(src[i:from], "bearer") {
		if from--; !strings.EqualFold(src[i:from], "basic") {
			return find{}
		}
		basic = true
	}
	if !edge(src, i, h.floor) {
		return find{}
	}
	gap := from
	switch {
	case strings.HasPrefix(src[from:], "%20"):
		from += 3
	case strings.HasPrefix(src[from:], ": "):
		from += 2
	default:
		for from < len(src) && src[from] == ' ' {
			from++
		}
	}
	if from == gap {
		return find{}
	}
	if basic {
		end := run(src, from, from+2*window, any64)
		if !isBasic(src[from:end]) {
			return find{}
		}
		return find{from, run(src, end, len(src), any64), "BASIC"}
	}
	head := run(src, from, from+window, urlish|base|dot)
	if head-from < 16 || !random(src[from:head]) {
		return find{}
	}
	return find{from, trimDots(src, from, run(src, head, len(src), urlish|base|dot)), "BEARER"}
}

// isBasic reports whether text is, or begins, a name and a password in base64.
func isBasic(text string) bool {
	text = strings.TrimRight(text, "=")
	text = text[:len(text)&^3] // a colon in the last byte or two would have an empty password
	if len(text) < 8 {
		return false
	}
	var plain [2 * window]byte
	n, err := base64.StdEncoding.Decode(plain[:], []byte(text))
	if err != nil || bytes.IndexByte(plain[:n], ':') < 0 {
		return false
	}
	return bytes.IndexFunc(plain[:n], unicode.IsControl) < 0 && utf8.Valid(plain[:max(0, n-utf8.UTFMax)])
}

// huntEmail finds an address.
func (h *hunter) huntEmail(i int) find {
	src := h.src
	const longest = 64
	at := i
	for at > max(h.floor, i-longest-1) && (sets[src[at-1]]&(urlish|dot) != 0 || src[at-1] == '+') {
		at--
	}
	if i-at > longest {
		return find{}
	}
	for at < i && sets[src[at]]&alnum == 0 {
		at++
	}
	if at < i {
		at = min(at+h.escape(at), i)
	}
	end := domain(src, i+1)
	if at == i || end == 0 {
		return find{}
	}
	return find{at, end, "EMAIL"}
}

// domain returns where the name of a domain ends that begins at from, behind a label of letters alone; 0 if there is none.
func domain(src string, from int) (end int) {
	limit := from + 256
	for label := from; ; {
		to := run(src, label, limit, alnum|dash)
		if letters := run(src, label, to, lower|upper); label > from && letters-label >= 2 {
			end = letters
		}
		if to == label || to >= len(src) || src[to] != '.' {
			return end
		}
		label = to + 1
	}
}
