package browser

import (
	"strings"
	"testing"
)

func TestAxeSeesFaultsAlone(t *testing.T) {
	needsBrowser(t)
	pages := map[string]string{
		"/good": html(`<p>Text</p><button>Save</button>`),
		"/bad":  html(`<button id="nameless"></button>`),
	}
	url := serveHTML(t, policy, pages)
	for path, want := range map[string]string{"/good": "", "/bad": "button-name: #nameless: Buttons must have discernible text"} {
		got := failures(t, func(t T) {
			p := Start(t)
			p.Open(url + path)
			Axe(t, p)
			Axe(t, p) // a second time it is there already
		})
		if want == "" && len(got) != 0 {
			t.Errorf("%s: %q, want no failure", path, got)
		}
		if want != "" && (len(got) != 2 || !strings.Contains(got[0], want)) {
			t.Errorf("%s: %q, want twice %q", path, got, want)
		}
	}
}
