package browser

import (
	_ "embed"
	"strings"
)

//go:embed third_party/axe-core/axe.min.js
var axeJS string

// violation is a rule of axe-core that a page breaks.
type violation struct {
	ID, Help string
	Nodes    []struct{ Target, Summary string }
}

// Axe fails the test for each fault in accessibility that axe-core finds in the page as it is now: its rule, what it is
// about, and how to mend it.
func Axe(t T, p *Page) {
	t.Helper()
	// DevTools evaluates it, which a content security policy does not hold for. Nothing is fetched.
	Eval[bool](p, "window.axe ? true : (() => {"+axeJS+"\nreturn true})()")
	found := Eval[[]violation](p, `axe.run(document, {resultTypes: ["violations"], preload: false}).then(r => r.violations.map(v => ({
		ID: v.id, Help: v.help,
		Nodes: v.nodes.map(n => ({Target: n.target.flat(9).join(" "), Summary: n.failureSummary ?? ""})),
	})))`)
	for _, v := range found {
		for _, n := range v.Nodes {
			t.Errorf("axe: %s: %s: %s\n%s\npage: %s", v.ID, n.Target, v.Help, strings.TrimSpace(n.Summary), p.URL())
		}
	}
}
