package browser

import (
	"slices"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keys are the names of keys that write nothing.
var keys = map[string]string{
	"Enter": kb.Enter, "Escape": kb.Escape, "Tab": kb.Tab, "Space": " ", "Backspace": kb.Backspace, "Delete": kb.Delete,
	"ArrowUp": kb.ArrowUp, "ArrowDown": kb.ArrowDown, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
	"Home": kb.Home, "End": kb.End, "PageUp": kb.PageUp, "PageDown": kb.PageDown,
}

var modifiers = map[string]chromedp.Modifier{
	"Alt": chromedp.ModifierAlt, "Control": kb.ModifierCtrl, "Meta": kb.ModifierMeta, "Shift": kb.ModifierShift,
}

// Press presses keys one after the other, as a person does, on whatever has the focus: a character, a name such as
// "ArrowDown" or "Enter", or one of these with modifiers before it, such as "Control+k" or "Shift+Tab".
func (p *Page) Press(pressed ...string) {
	p.t.Helper()
	for _, name := range pressed {
		p.steps++
		key, held, ok := parseKey(name)
		if !ok {
			p.t.Fatalf("browser: no key is called %q", name)
		}
		p.do("press "+name, chromedp.KeyEvent(key, chromedp.KeyModifiers(held...)))
	}
}

// parseKey returns the character that stands for a key.
func parseKey(name string) (key string, held []chromedp.Modifier, ok bool) {
	for {
		word, rest, found := strings.Cut(name, "+")
		m, isModifier := modifiers[word]
		if !found || !isModifier {
			break
		}
		held, name = append(held, m), rest
	}
	if key, ok := keys[name]; ok {
		return key, held, true
	}
	return name, slices.Clip(held), len([]rune(name)) == 1
}
