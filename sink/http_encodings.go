package sink

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// coding remembers which Content-Encodings the endpoint takes.
type coding struct {
	onChange func([]string)

	mu      sync.Mutex
	proven  bool            // it has accepted a compressed body
	plain   bool            // it has refused one, and takes the same body plain: for good
	refused map[string]bool // the codings it refused while it named others
	known   bool            // it has told what it takes
	takes   []string

	told     sync.Mutex // held while onChange runs
	changes  int        // of takes
	toldOfNo int
}

// state returns what classify needs to know about a body with this encoding, and whether it is
// to be sent plain.
func (c *coding) state(encoding string) (proven, plain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.proven, c.plain || c.refused[encoding]
}

// off reports whether everything is sent plain.
func (c *coding) off() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.plain
}

// passed notes that a body with this encoding was accepted.
func (c *coding) passed(encoding string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proven = c.proven || encoding != ""
}

// heard notes what an answer says of the codings that the endpoint takes.
func (c *coding) heard(h http.Header) {
	if values := h.Values("Accept-Encoding"); len(values) > 0 {
		c.update(func() {
			if !c.plain {
				c.learn(acceptEncoding(values))
			}
		})
	}
}

// learn notes what the endpoint takes, under mu.
func (c *coding) learn(takes []string) {
	if !c.known || !slices.Equal(takes, c.takes) {
		c.known, c.takes = true, takes
		c.changes++
	}
}

// refuse notes that a body with this encoding was refused for it. One that others are offered in
// place of stands for itself alone; else no compression is welcome any more.
func (c *coding) refuse(encoding string, h http.Header) {
	offers := acceptEncoding(h.Values("Accept-Encoding"))
	c.update(func() {
		switch {
		case c.plain:
		case len(offers) > 0 && !slices.Contains(offers, canonical(encoding)):
			if c.refused == nil {
				c.refused = map[string]bool{}
			}
			c.refused[encoding] = true
			c.learn(offers)
		default:
			c.plain, c.known, c.takes = true, true, nil
			c.changes++
		}
	})
}

// update changes what is known, and tells the user of the newest state if he has not heard of it.
func (c *coding) update(change func()) {
	c.mu.Lock()
	before := c.changes
	change()
	changed := c.changes != before
	c.mu.Unlock()
	if !changed || c.onChange == nil {
		return
	}
	c.told.Lock()
	defer c.told.Unlock()
	c.mu.Lock()
	takes, no := slices.Clone(c.takes), c.changes
	c.mu.Unlock()
	if no != c.toldOfNo {
		c.toldOfNo = no
		c.onChange(takes)
	}
}

// maxCodings bounds what is kept of a server's list.
const maxCodings = 16

// acceptEncoding reads the codings of an Accept-Encoding field, RFC 9110, section 12.5.3: those
// with the highest q first, without those that q=0 excludes, identity, the wildcard and what is
// malformed. The result is not nil.
func acceptEncoding(values []string) []string {
	type choice struct {
		name string
		q    float64
	}
	var choices []choice
	excluded := map[string]bool{}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		name = canonical(name)
		q, ok := quality(params)
		switch {
		case name == "" || name == "identity" || name == "*" || strings.ContainsFunc(name, func(c rune) bool { return !tokenChar(c) }):
		case !ok || q == 0:
			excluded[name] = true
		case len(choices) < maxCodings:
			choices = append(choices, choice{name, q})
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int {
		switch {
		case a.q > b.q:
			return -1
		case a.q < b.q:
			return 1
		}
		return 0
	})
	takes := []string{}
	for _, c := range choices {
		if !excluded[c.name] && !slices.Contains(takes, c.name) {
			takes = append(takes, c.name)
		}
	}
	return takes
}

// canonical is a coding's name in lower case, and without the x- that RFC 9110, section 8.4.1,
// has as another name of two.
func canonical(coding string) string {
	coding = strings.ToLower(strings.Trim(coding, " \t"))
	if coding == "x-gzip" || coding == "x-compress" {
		return coding[len("x-"):]
	}
	return coding
}

// quality reads the q of a list's member, 1 if there is none.
func quality(params string) (q float64, ok bool) {
	q = 1
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.Trim(param, " \t"), "=")
		if !strings.EqualFold(strings.TrimRight(name, " \t"), "q") {
			continue
		}
		value = strings.Trim(value, " \t")
		var err error
		if q, err = strconv.ParseFloat(value, 64); err != nil || !(q >= 0 && q <= 1) || strings.Trim(value, "0123456789.") != "" {
			return 0, false
		}
	}
	return q, true
}
