package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"time"
)

//go:embed dist
var dist embed.FS

// dashboard is what there is to serve. It never changes.
type dashboard struct {
	document []byte
	tag      string // of the document, with quotes
	hash     string // of all files, as 16 hex digits
	files    map[string]file
}

// file is something that the document loads.
type file struct {
	kind   string // its media type
	plain  []byte
	packed []byte // as gzip; nil: that is no smaller
}

// kinds are the media types of what may be in dist.
var kinds = map[string]string{
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".png":   "image/png",
	".woff2": "font/woff2",
}

// document is what every page is at first. Whoever sees none of it move has JavaScript switched off.
var document = template.Must(template.New("document").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>tailrace</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="/assets/{{.Hash}}/favicon.svg">
<link rel="stylesheet" href="/assets/{{.Hash}}/app.css">
{{- range .Modules}}
<link rel="modulepreload" href="/assets/{{$.Hash}}/{{.}}">
{{- end}}
<script type="module" src="/assets/{{.Hash}}/app.js"></script>
</head>
<body>
<div id="app"></div>
<noscript>
<h1>tailrace</h1>
<p>This page is drawn by JavaScript, which your browser does not run here. Allow it for this server: all scripts come from
the server itself. Whatever the page shows, the API has too: <a href="/api/openapi.json">/api/openapi.json</a> says how to ask.</p>
</noscript>
</body>
</html>
`))

// load reads what is embedded. It panics where a program was built of something broken, which the first test finds.
func load() *dashboard {
	d := &dashboard{files: map[string]file{}}
	entries, err := dist.ReadDir("dist")
	must(err)
	all := sha256.New()
	for _, entry := range entries { // in the order of their names
		name := entry.Name()
		text, err := fs.ReadFile(dist, path.Join("dist", name))
		must(err)
		sum := sha256.Sum256(text)
		all.Write([]byte(name + "\x00"))
		all.Write(sum[:])
		kind, ok := kinds[path.Ext(name)]
		if !ok {
			panic("web: dist/" + name + " has no known media type")
		}
		d.files[name] = file{kind: kind, plain: text, packed: pack(text)}
	}
	d.hash = hex.EncodeToString(all.Sum(nil)[:8])
	var b bytes.Buffer
	must(document.Execute(&b, struct {
		Hash    string
		Modules []string
	}{d.hash, d.modules("app.js")}))
	d.document = b.Bytes()
	sum := sha256.Sum256(d.document)
	d.tag = `"` + hex.EncodeToString(sum[:8]) + `"`
	return d
}

// imports finds what a script cannot begin without. What it loads later is in an import(…).
var imports = regexp.MustCompile(`(?:from|import) ?"\./([\w-]+\.js)"`)

// modules are the files that a script needs, those of its own imports first, so that a browser asks for all at once.
func (d *dashboard) modules(script string) []string {
	var list []string
	for _, m := range imports.FindAllSubmatch(d.files[script].plain, -1) {
		if name := string(m[1]); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	for _, name := range list {
		for _, more := range d.modules(name) {
			if !slices.Contains(list, more) {
				list = append(list, more)
			}
		}
	}
	return list
}

// pack is text as gzip, as small as that gets, or nil where it is no smaller.
func pack(text []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	must(err)
	_, err = w.Write(text)
	must(err)
	must(w.Close())
	if b.Len() >= len(text) {
		return nil
	}
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// writeFor is how long a client may take to read a file: one that stalls is not worth its connection.
const writeFor = time.Minute

// send writes an answer whole, or to HEAD its headers.
func send(w http.ResponseWriter, r *http.Request, status int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeFor)) // writers that know none are those of tests
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // who has gone needs no answer
	}
}
