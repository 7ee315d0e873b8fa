package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/server/access"
)

var update = flag.Bool("update", false, "write openapi.json")

// pathParameters says what stands in a path.
var pathParameters = map[string]string{
	"p":      "a project, by id or name",
	"id":     "the id of a trace: 1 to 32 hex digits",
	"span":   "the id of a span: 1 to 16 hex digits",
	"token":  "the id of a token",
	"share":  "the id of a share",
	"invite": "the id of an invitation",
	"user":   "a user, by id or name",
	"secret": "what a link ends in",
	"key":    "service, name, type, model, user, thread, env, tag, meta, or meta.KEY",
}

// topics are the headings.
var topics = map[string]string{
	"traces":   "What was sent, trace by trace",
	"figures":  "Counts, errors, latencies, tokens and cost over time",
	"live":     "What happens now, as server-sent events",
	"settings": "Projects and tokens",
	"users":    "Who may log in, and what they may do",
	"shares":   "Links that open one trace to whoever has them",
	"server":   "The server itself",
}

func TestOpenAPIIsWhatTheTableSays(t *testing.T) {
	text, err := json.MarshalIndent(document(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", text, 0o600); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(text, openAPI) {
		t.Error("openapi.json is not what the table says: run go generate ./api")
	}
}

// document is openapi.json for the table of an API.
func document(t *testing.T) object {
	t.Helper()
	s := newSchemas(t)
	problem := s.of(reflect.TypeFor[errorReply]())
	paths, ids := object{}, map[string]bool{}
	for _, o := range newRig(t).api.table {
		if ids[o.id] || o.id == "" || topics[o.topic] == "" || o.summary == "" {
			t.Errorf("%v: id %q, topic %q, summary %q: one is missing, or not the only one", o.Route, o.id, o.topic, o.summary)
		}
		ids[o.id] = true
		path, ok := paths[o.Path].(object)
		if !ok {
			path = object{}
			paths[o.Path] = path
		}
		path[strings.ToLower(o.Method)] = describe(t, s, &o, problem)
	}
	tags := []object{}
	for _, name := range slices.Sorted(maps.Keys(topics)) {
		tags = append(tags, object{"name": name, "description": topics[name]})
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "tailrace", "version": "1",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "Traces of AI agents. Times are RFC 3339 with nanoseconds in UTC, durations whole nanoseconds. A parameter that a path does not know, that is empty or that is given twice is an error.",
		},
		"tags":  tags,
		"paths": paths,
		"components": object{
			"schemas": s.named,
			"securitySchemes": object{
				"token":   object{"type": "http", "scheme": "bearer", "description": "a token: trt_ and 43 characters"},
				"session": object{"type": "apiKey", "in": "cookie", "name": access.CookieName, "description": "of a user who has logged in"},
			},
		},
	}
}

// errorReply is every answer that is no success.
type errorReply struct {
	Error problem `json:"error"`
}

// problem describes access.Problem.
type problem struct {
	Code    string `json:"code"`            // a short word that programs may compare
	Message string `json:"message"`         // for a person
	Field   string `json:"field,omitempty"` // the parameter or member that is wrong
}

var pathName = regexp.MustCompile(`\{(\w+)\}`)

func describe(t *testing.T, s *schemas, o *operation, problem object) object {
	parameters := []object{}
	for _, m := range pathName.FindAllStringSubmatch(o.Path, -1) {
		if pathParameters[m[1]] == "" {
			t.Errorf("%v: pathParameters does not say what {%s} is", o.Route, m[1])
		}
		parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}, "description": pathParameters[m[1]]})
	}
	for _, p := range o.query {
		parameters = append(parameters, queryParameter(t, p))
	}
	success := object{"description": "done"}
	if o.reply != nil {
		success["content"] = object{"application/json": object{"schema": s.of(reflect.TypeOf(o.reply))}}
	} else if o.media != "" {
		success["content"] = object{o.media: object{"schema": object{}}}
	}
	responses := object{
		strconv.Itoa(o.succeeds()): success,
		"default":                  object{"description": "what is wrong", "content": object{"application/json": object{"schema": problem}}},
	}
	if o.etag {
		success["headers"] = object{"ETag": object{"schema": object{"type": "string"}, "description": "begins with the number of the latest commit that the answer has seen"}}
		responses["304"] = object{"description": "nothing has changed since the ETag of If-None-Match"}
	}
	d := object{
		"operationId": o.id, "summary": o.summary, "tags": []string{o.topic}, "parameters": parameters, "responses": responses,
		"security": security(o.Need), "x-need": o.Need.String(),
	}
	if o.body != nil {
		d["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": s.of(reflect.TypeOf(o.body))}}}
	}
	return d
}

func security(need access.Need) []object {
	switch need {
	case access.Open:
		return []object{}
	case access.Ingest:
		return []object{{"token": []string{}}}
	}
	return []object{{"token": []string{}}, {"session": []string{}}}
}

func queryParameter(t *testing.T, p parameter) object {
	schema := object{"type": p.kind}
	switch p.kind {
	case "date-time":
		schema = object{"type": "string", "format": "date-time"}
	case "duration":
		schema = object{"type": "string", "examples": []string{"15m", "24h", "7d"}}
	case "string", "integer", "number", "boolean":
	default:
		t.Errorf("parameter %s: no such kind: %q", p.name, p.kind)
	}
	if p.about == "" {
		t.Errorf("parameter %s says nothing about itself", p.name)
	}
	if p.choices != nil {
		schema["enum"] = p.choices
	}
	d := object{"name": p.name, "in": "query", "required": p.must, "description": p.about, "schema": schema}
	switch {
	case strings.HasSuffix(p.name, "."):
		d["name"], d["style"], d["explode"] = strings.TrimSuffix(p.name, "."), "form", true
		d["schema"] = object{"type": "object", "additionalProperties": schema, "propertyNames": object{"pattern": "^" + regexp.QuoteMeta(p.name) + "."}}
	case p.many:
		d["style"], d["explode"], d["schema"] = "form", true, object{"type": "array", "items": schema}
	}
	return d
}

func TestEveryRouteIsInTheDocument(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]struct {
			Security []map[string][]string `json:"security"`
			Need     string                `json:"x-need"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range doc.Paths {
		count += len(path)
	}
	routes := newRig(t).api.Routes()
	if count != len(routes) {
		t.Errorf("%d operations in the document, %d routes", count, len(routes))
	}
	for _, route := range routes {
		d, ok := doc.Paths[route.Path][strings.ToLower(route.Method)]
		if !ok || d.Need != route.Need.String() || (len(d.Security) == 0) != (route.Need == access.Open) {
			t.Errorf("%v needs %v; the document has it: %t, %+v", route, route.Need, ok, d)
		}
	}
}
