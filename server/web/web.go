// Package web is the dashboard: one document, served wherever the dashboard has an address, and the files it loads.
//
// The document is the same for everybody and has nothing of anybody in it: its script reads the address and asks the
// API, which decides. So every route here is open. What the browser may do with it is as little as it can live with, by
// a Content-Security-Policy that takes scripts and styles from this server alone, and no text as code or markup.
//
// src is the source, in TypeScript, third_party are the libraries of others, and dist is made of both by the module in
// build and is embedded. Nobody needs Node for any of it.
package web

//go:generate go -C build run .

import (
	"net/http"
	"strings"
	"sync"

	"github.com/tailrace-go/tailrace/server/access"
)

// pages are the addresses that the script knows what to do with.
var pages = []string{
	"/{$}", "/login", "/styleguide", "/pipeline", "/settings", "/settings/{rest...}",
	"/p/{rest...}", // all of a project
}

// secretPages are those whose address is a secret by itself: no search engine and no cache is to keep them.
var secretPages = []string{"/s/{secret}", "/s/{secret}/{rest...}", "/invite/{secret}"}

// Routes returns the routes of the dashboard: each page, and /assets/ with what pages load. All are open.
// [NotFound] is for what is none of them.
func Routes() []access.Route {
	d := loaded()
	routes := make([]access.Route, 0, len(pages)+len(secretPages)+1)
	for _, path := range pages {
		routes = append(routes, access.Route{Method: http.MethodGet, Path: path, Need: access.Open, Handle: d.page})
	}
	for _, path := range secretPages {
		routes = append(routes, access.Route{Method: http.MethodGet, Path: path, Need: access.Open, Handle: d.secretPage})
	}
	return append(routes, access.Route{Method: http.MethodGet, Path: "/assets/{hash}/{file}", Need: access.Open, Handle: d.asset})
}

// loaded is the dashboard, read and compressed once in a process.
var loaded = sync.OnceValue(load)

// policy is what a browser may do with a page: load scripts, styles and pictures from here and ask the API, no more. A
// picture may be in the page itself, as CSS has them. Without Trusted Types for scripts, text never becomes markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'"

func (d *dashboard) page(w http.ResponseWriter, r *http.Request, _ access.Grant) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache") // it names the files of this version: always ask whether it is the same
	h.Set("ETag", d.tag)
	if matches(r.Header.Values("If-None-Match"), d.tag) {
		h.Set("Content-Security-Policy", policy) // a 304 replaces the headers of what was kept
		w.WriteHeader(http.StatusNotModified)
		return
	}
	d.write(w, r, http.StatusOK)
}

func (d *dashboard) secretPage(w http.ResponseWriter, r *http.Request, _ access.Grant) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	d.write(w, r, http.StatusOK)
}

// NotFound sends the page with status 404, for a browser at an address that is none: its script says so, and leads back.
func NotFound(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	loaded().write(w, r, http.StatusNotFound)
}

// write sends the document.
func (d *dashboard) write(w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Set("Content-Security-Policy", policy)
	send(w, r, status, "text/html; charset=utf-8", d.document)
}

// asset sends a file. Its address has the hash of all files in it, so a browser need never ask for it twice, and an
// address of another version leads nowhere: what it had is gone.
func (d *dashboard) asset(w http.ResponseWriter, r *http.Request, _ access.Grant) {
	f, ok := d.files[r.PathValue("file")]
	if !ok || r.PathValue("hash") != d.hash {
		access.Fail(w, http.StatusNotFound, access.Problem{Code: "not_found", Message: "no such file, or not of this version: load the page again"})
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if f.packed != nil && acceptsGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		send(w, r, http.StatusOK, f.kind, f.packed)
		return
	}
	send(w, r, http.StatusOK, f.kind, f.plain)
}

// acceptsGzip reports whether a client names gzip, and not with a weight of 0.
func acceptsGzip(headers []string) bool {
	for _, header := range headers {
		for one := range strings.SplitSeq(header, ",") {
			name, weight, _ := strings.Cut(one, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				weight = strings.ReplaceAll(weight, " ", "")
				return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
			}
		}
	}
	return false
}

// matches compares a tag with those of If-None-Match: weakly, as RFC 9110, section 13.1.2, wants.
func matches(headers []string, tag string) bool {
	for _, header := range headers {
		for one := range strings.SplitSeq(header, ",") {
			one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
			if one == "*" || one == tag {
				return true
			}
		}
	}
	return false
}
