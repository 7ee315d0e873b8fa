package stages

import (
	"strings"
	"testing"
)

// TestLeadsAreSound checks the table that the scan is built from.
func TestLeadsAreSound(t *testing.T) {
	for i, l := range leadList {
		if l.at < 1 || l.at >= len(l.prefix) || l.set == 0 || l.min < 16 || strings.Trim(l.kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			t.Errorf("%+v", l)
			continue
		}
		if !strings.ContainsRune("-_.KSzGJ", rune(l.prefix[l.at])) {
			t.Errorf("%s: %c is a trigger, and not rare", l.prefix, l.prefix[l.at])
		}
		for _, before := range leadList[:i] {
			if before.form == long && strings.HasPrefix(l.prefix, before.prefix) && before.at == l.at {
				t.Errorf("%s comes behind %s", l.prefix, before.prefix)
			}
		}
	}
	for _, name := range defaultFields {
		var set fieldSet
		if err := set.add(name); err != nil || set.match(name) != strings.ToUpper(name) {
			t.Errorf("%s: %v, matched as %q", name, err, set.match(name))
		}
	}
	if !strings.Contains(blank, "sensitive-data-filter") || isIndexed("[REDACTED]") || !isIndexed("[E2B_12]") || isIndexed("[A_01]") || isIndexed("[a_1]") {
		t.Error("placeholders")
	}
}
