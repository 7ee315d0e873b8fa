package live

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed units.js
	unitsJS string
	//go:embed picture.js
	pictureJS string
	//go:embed tables.js
	tablesJS string
	//go:embed page.js
	pageJS string
)

var (
	script = unitsJS + pictureJS + tablesJS + pageJS

	// page is the same for everyone: what there is to show comes as JSON, and becomes text nodes.
	page = []byte(strings.NewReplacer("/*page.css*/", pageCSS, "/*page.js*/", script).Replace(pageHTML))

	// policy lets the page's own style and script run, by their hashes, and ask where it came from. The empty icon is data.
	policy = "default-src 'none'; script-src '" + hashOf(script) + "'; style-src '" + hashOf(pageCSS) + "'; img-src data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
