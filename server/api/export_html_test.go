package api

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/span"
)

// source reads a file of the dashboard.
func source(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../web/src/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The file has the colours of the dashboard, light and dark.
func TestThePageLooksLikeTheDashboard(t *testing.T) {
	tokens := strings.NewReplacer(" ", "", "\n", "").Replace(source(t, "style/tokens.css"))
	light, dark, _ := strings.Cut(tokens, ":root[data-theme='dark']")
	mine, myDark, _ := strings.Cut(htmlStyle, "@media(prefers-color-scheme:dark)")
	myDark, _, _ = strings.Cut(myDark, "}}")
	token := regexp.MustCompile(`--[a-z-]+:#[0-9a-f]+`)
	for style, of := range map[string]string{mine: light, myDark: dark} {
		found := token.FindAllString(style, -1)
		if len(found) < 19 {
			t.Errorf("%d colours", len(found))
		}
		for _, c := range found {
			if !strings.Contains(of, c+";") && !strings.Contains(of, c+"}") {
				t.Errorf("%s is not in tokens.css", c)
			}
		}
	}
	icons := source(t, "ui/icon.tsx")
	for name, path := range htmlIcons {
		if !strings.Contains(icons, name+": '"+path+"'") {
			t.Errorf("the icon %s is another one in icon.tsx", name)
		}
	}
}

// kinds.test.ts says which kinds a reader expects.
func TestKindsAreThoseOfTheDashboard(t *testing.T) {
	cases := regexp.MustCompile(`\['([a-z_]*)', '([a-z]+)'\]`).FindAllStringSubmatch(source(t, "lib/kinds.test.ts"), -1)
	if len(cases) < 15 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		if got := spanKind(c[1]); got != c[2] {
			t.Errorf("%s is %s, want %s", c[1], got, c[2])
		}
	}
}

func TestConversationsReadAsSuch(t *testing.T) {
	text := func(s string) htmlText { return htmlText{Text: s} }
	code := func(s string) htmlText { return htmlText{s, true} }
	said := func(who, class string, texts ...htmlText) htmlBlock { return htmlBlock{who, class, texts} }
	for value, want := range map[string][]htmlBlock{
		`[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"text","text":"good"},{"type":"text","text":"day"}]}]`: {
			said("user", "said role-user", text("hi")), said("assistant", "said role-assistant", text("good"), text("day")),
		},
		`{"messages":[{"role":"critic","content":"no"}]}`:    {said("critic", "said", text("no"))},
		`{"text":"yes","stop":"s","n":12345678901234567890}`: {said("", "said", text("yes"), code("{\n  \"n\": 12345678901234567890,\n  \"stop\": \"s\"\n}"))},
		`"a text"`: {said("", "said", text("a text"))},
		// Parts that are not texts stay whole, and so does what stands beside the content.
		`[{"role":"tool","content":[{"type":"result","n":1},{"type":"text","text":"so"}],"id":"7"}]`: {
			said("tool", "said role-tool", code("{\n  \"type\": \"result\",\n  \"n\": 1\n}"), text("so"), code("{\n  \"id\": \"7\"\n}")),
		},
		`[{"role":"user","content":[{"type":"text","text":"hi","x":1}]}]`: {said("user", "said role-user", code("{\n  \"type\": \"text\",\n  \"text\": \"hi\",\n  \"x\": 1\n}"))},
		`[{"role":"user","content":[{"text":"hi"}]}]`:                     {said("user", "said role-user", code("{\n  \"content\": [\n    {\n      \"text\": \"hi\"\n    }\n  ]\n}"))},
		`[{"role":"user","content":""}]`:                                  {said("user", "said role-user", code("{\n  \"content\": \"\"\n}"))},
		// What is no conversation, or only half of one, is shown as it came.
		`[{"role":"user","content":"hi"},{"x":1}]`:          {said("", "said", code("[\n  {\n    \"role\": \"user\",\n    \"content\": \"hi\"\n  },\n  {\n    \"x\": 1\n  }\n]"))},
		`{"messages":[{"role":"user","content":""}],"n":1}`: {said("", "said", code("{\n  \"messages\": [\n    {\n      \"role\": \"user\",\n      \"content\": \"\"\n    }\n  ],\n  \"n\": 1\n}"))},
		`[]`: {said("", "said", code("[]"))}, `12`: {said("", "said", code("12"))}, `{"text":1}`: {said("", "said", code("{\n  \"text\": 1\n}"))},
	} {
		got := blocksOf(span.Value(value))
		if !slices.EqualFunc(got, want, func(a, b htmlBlock) bool {
			return a.Who == b.Who && a.Class == b.Class && slices.Equal(a.Texts, b.Texts)
		}) {
			t.Errorf("%s is read as\n%+v, want\n%+v", value, got, want)
		}
	}
}
