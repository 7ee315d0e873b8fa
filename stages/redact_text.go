package stages

import (
	"bytes"
	"slices"
	"strings"
)

// rule is what stands around the titles of PEM.
const rule = "-----"

// huntPEM finds a private key between its lines of dashes, also one that is cut short or has its line ends escaped.
func (h *hunter) huntPEM(i int) find {
	src, begin := h.src, i
	for begin < len(src) && src[begin] == '-' {
		begin++
	}
	nothing := find{to: begin}
	if !strings.HasPrefix(src[begin:], "BEGIN ") {
		return nothing
	}
	body := begin
	for body < len(src) && body-begin < window && (sets[src[body]]&(upper|digit) != 0 || src[body] == ' ') {
		body++
	}
	if !strings.HasPrefix(src[body:], rule) || !strings.Contains(src[begin:body], "PRIVATE KEY") {
		return nothing
	}
	body += len(rule)
	first := h.skipLineEnds(body)
	if run(src, first, first+16, any64) < first+16 && !strings.HasPrefix(src[first:], "Proc-Type:") &&
		!strings.HasPrefix(src[first:], "Version:") && !strings.HasPrefix(src[first:], "Comment:") {
		return nothing // somebody writes about keys
	}
	to := first
	for {
		to = run(src, to, len(src), any64|dash|dot|lines)
		next := h.skipLineEnds(to)
		if next == to {
			break
		}
		to = next
	}
	if n := strings.Index(src[body:to], rule+"END "); n >= 0 {
		last := body + n + len(rule+"END ")
		if n = strings.Index(src[last:to], rule); n >= 0 {
			to = last + n + len(rule)
		}
	}
	return find{begin - len(rule), to, "PRIVATEKEY"}
}

// skipLineEnds skips white space and escapes, but not that of a quote.
func (h *hunter) skipLineEnds(at int) int {
	for src := h.src; at < len(src); {
		switch {
		case src[at] == ' ' || src[at] == '\n' || src[at] == '\r' || src[at] == '\t':
			at++
		case src[at] == '\\' && at+1 < len(src) && strings.IndexByte(`nrt\`, src[at+1]) >= 0:
			at += 2
		case src[at] == '\\' && hex4(src[at:]) >= 0:
			at += 6
		default:
			return at
		}
	}
	return at
}

// huntURL finds the password in the authority of a URL, and the secret in the path of a webhook.
func (h *hunter) huntURL(i int) find {
	src, from := h.src, i+len("://")
	nothing := find{to: from}
	if i <= h.floor || sets[src[i-1]]&alnum == 0 {
		return nothing
	}
	to, at, colon := from, -1, -1
	for ; to < len(src) && !endsAuthority[src[to]]; to++ {
		switch src[to] {
		case '@':
			at = to
		case ':':
			if colon < 0 {
				colon = to
			}
		}
	}
	switch {
	case colon >= 0 && colon+1 < at:
		if !isTemplate(src[colon+1 : at]) {
			return find{colon + 1, at, "PASSWORD"}
		}
	case at-from >= 20 && colon < 0 && random(src[from:min(at, from+window)]):
		return find{from, at, "TOKEN"}
	case at < 0:
		for _, hook := range webhooks {
			if strings.HasPrefix(src[from:], hook) {
				path := from + len(hook)
				if end := run(src, path, len(src), urlish|base); end-path >= 20 {
					return find{path, end, "WEBHOOK"}
				}
			}
		}
	}
	return nothing
}

// webhooks are places to which whoever knows the rest of the path may post.
var webhooks = []string{
	"hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/",
	"discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "hooks.zapier.com/hooks/catch/",
}

// endsAuthority marks what cannot stand in the part of a URL before its path.
var endsAuthority = func() (t [256]bool) {
	for b := range ' ' + 1 {
		t[b] = true
	}
	for _, b := range []byte("/?#\"'\\`<>") {
		t[b] = true
	}
	return t
}()

// isTemplate reports whether a password is the place for one.
func isTemplate(s string) bool {
	return strings.HasPrefix(s, "${") || strings.HasPrefix(s, "$(") || strings.HasPrefix(s, "{") || s == "%s" ||
		strings.Trim(s, "*") == ""
}

// huntAssigned finds a key without a prefix of its own behind a name that says so: AWS_SECRET_ACCESS_KEY=, "apiKey":,
// AccountKey=, &sig=, ;Password=. Quotes and escapes may stand between them.
func (h *hunter) huntAssigned(i int) find {
	src, end := h.src, i
	for n := 0; n < 4 && end > h.floor && strings.IndexByte(" \"'`\\]", src[end-1]) >= 0; n++ {
		end--
	}
	if end <= h.floor || !endsName[src[end-1]] {
		return find{}
	}
	var buf [40]byte
	begin, at := runBack(src, end, max(h.floor, end-len(buf)), urlish), len(buf)
	for j := end - 1; j >= begin; j-- {
		if b := lowered[src[j]]; b > 1 {
			at--
			buf[at] = b
		}
	}
	kind := assignedKind(buf[at:])
	switch kind {
	case "":
		return find{}
	case "PASSWORD", "SIGNATURE":
		if src[i] != '=' || begin == h.floor || strings.IndexByte("?&;", src[begin-1]) < 0 {
			return find{}
		}
		if kind == "PASSWORD" {
			return h.huntPassword(i + 1)
		}
		if to := run(src, i+1, len(src), urlish|base|dot); to-i > 40 {
			return find{i + 1, to, kind}
		}
		return find{}
	}
	from := h.skipToValue(i + 1)
	head := run(src, from, from+window, urlish|base|dot)
	if head-from < 20 || !random(src[from:head]) {
		return find{}
	}
	return find{from, trimDots(src, from, run(src, head, len(src), urlish|base|dot)), kind}
}

// skipToValue skips what may stand between a name and its value, but not the quote that ends the text.
func (h *hunter) skipToValue(at int) int {
	src := h.src
	for n := 0; n < 6 && at < len(src); n++ {
		switch {
		case h.quoted && src[at] == '\\':
			if at+1 == len(src) || src[at+1] != '"' && src[at+1] != '\\' {
				return at
			}
			at += 2
		case h.quoted && src[at] == '"' || strings.IndexByte("=> \"'`\\(", src[at]) < 0:
			return at
		default:
			at++
		}
	}
	return at
}

// huntPassword finds the password of a connection string.
func (h *hunter) huntPassword(from int) find {
	src, to := h.src, from
	for to < len(src) && !endsPassword[src[to]] {
		if src[to] == '(' && to-from < window {
			return find{} // a program
		}
		to++
	}
	if to == from || isTemplate(src[from:min(to, from+window)]) {
		return find{}
	}
	return find{from, to, "PASSWORD"}
}

// endsPassword marks what ends the value of a connection string.
var endsPassword = func() (t [256]bool) {
	for b := range ' ' + 1 {
		t[b] = true
	}
	for _, b := range []byte(";&\"'\\`<>") {
		t[b] = true
	}
	return t
}()

// endsName marks the letters that the names of assignedKind end with.
var endsName = [256]bool{'y': true, 'Y': true, 'n': true, 'N': true, 't': true, 'T': true, 'g': true, 'G': true,
	'e': true, 'E': true, 'd': true, 'D': true}

// assignedKind returns the kind of secret that is assigned to a name, which is normalised.
func assignedKind(name []byte) string {
	switch string(name) {
	case "password", "pwd":
		return "PASSWORD"
	case "sig", "signature", "xamzsignature", "xamzsecuritytoken", "xgoogsignature":
		return "SIGNATURE"
	}
	for _, a := range assigned {
		if bytes.HasSuffix(name, a.suffix) {
			return a.kind
		}
	}
	return ""
}

var assigned = func() (list []assignment) {
	for _, name := range []string{
		"apikey", "accesskey", "secretkey", "accountkey", "subscriptionkey", "accesstoken", "authtoken", "apitoken",
		"bottoken", "refreshtoken", "secrettoken", "sessiontoken", "clientsecret", "apisecret", "signingsecret",
	} {
		list = append(list, assignment{[]byte(name), strings.ToUpper(name)})
	}
	return list
}()

type assignment struct {
	suffix []byte
	kind   string
}

// huntCard finds the number of a payment card, in groups or not.
func (h *hunter) huntCard(i int) find {
	src := h.src
	if i > h.floor && (sets[src[i-1]]&(dash|dot) != 0 || !edge(src, i, h.floor)) {
		return find{}
	}
	var number [19]byte
	var breaks [4]int
	n, groups, separator, to := 0, 0, byte(0), i
	for ; to < len(src); to++ {
		b := src[to]
		if b-'0' <= 9 {
			if n == len(number) {
				return find{}
			}
			number[n] = b - '0'
			n++
			continue
		}
		if b != ' ' && b != '-' || separator != 0 && b != separator ||
			to+1 == len(src) || src[to+1]-'0' > 9 || groups == len(breaks) {
			break
		}
		separator = b
		breaks[groups] = n
		groups++
	}
	if to < len(src) && (sets[src[to]]&alnum != 0 || src[to] == '_') || !isCard(number[:n], breaks[:groups]) {
		return find{}
	}
	return find{i, to, "CARD"}
}

// isCard reports whether digits are a number that a network of cards could have given out, and are grouped as on a card.
func isCard(number []byte, breaks []int) bool {
	n := len(number)
	if n < 14 {
		return false
	}
	head := int(number[0])*1000 + int(number[1])*100 + int(number[2])*10 + int(number[3])
	inFours := true
	switch {
	case head >= 4000 && head < 5000, head >= 5100 && head < 5600, head >= 2221 && head <= 2720,
		head == 6011, head >= 6440 && head < 6600, head >= 3528 && head < 3590, head >= 6200 && head < 6300:
		if n != 16 {
			return false
		}
	case head >= 3400 && head < 3500, head >= 3700 && head < 3800:
		if n != 15 {
			return false
		}
		inFours = false
	case head >= 3000 && head < 3060, head >= 3600 && head < 3700, head >= 3800 && head < 3900:
		if n != 14 {
			return false
		}
		inFours = false
	default:
		return false
	}
	switch {
	case len(breaks) == 0:
	case inFours && slices.Equal(breaks, []int{4, 8, 12}), !inFours && slices.Equal(breaks, []int{4, 10}):
	default:
		return false
	}
	sum := 0
	for i, d := range number {
		v := int(d)
		if (n-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
