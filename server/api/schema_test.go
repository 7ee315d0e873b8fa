package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// object is a JSON object under construction.
type object = map[string]any

// schemas makes JSON Schemas of Go types. We found no library that says of a pointer that it may be null, which is what
// half of these fields are about.
type schemas struct {
	t        *testing.T
	comments map[string]string // of a type, and of a field as Type.Field
	named    object            // by name, for #/components/schemas
}

func newSchemas(t *testing.T) *schemas {
	return &schemas{t: t, comments: commentsOf(t), named: object{}}
}

// of is the schema of a type; structs of this package become references.
func (s *schemas) of(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[span.Value](), reflect.TypeFor[any]():
		return object{}
	case reflect.TypeFor[orderedObject]():
		return object{"type": "object"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.ref(t)
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int64, reflect.Uint64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Int, reflect.Int32, reflect.Uint8:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	}
	s.t.Fatalf("no schema for %v", t)
	return nil
}

func nullable(schema object) object {
	if kind, ok := schema["type"].(string); ok {
		schema["type"] = []string{kind, "null"}
		return schema
	}
	if _, ok := schema["$ref"]; ok {
		return object{"anyOf": []object{schema, {"type": "null"}}}
	}
	return schema // anything
}

// ref adds a struct to the named schemas.
func (s *schemas) ref(t reflect.Type) object {
	if t.Name() == "" {
		s.t.Fatalf("%v has no name, so openapi.json cannot refer to it", t)
	}
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	ref := object{"$ref": "#/components/schemas/" + name}
	if _, ok := s.named[name]; ok {
		return ref
	}
	schema := object{"type": "object"}
	s.named[name] = schema // before its fields: types may contain themselves
	if text := s.comments[t.Name()]; text != "" {
		schema["description"] = text
	}
	properties, required := object{}, []string{}
	s.fields(t, properties, &required)
	schema["properties"] = properties
	if len(required) > 0 {
		schema["required"] = required
	}
	return ref
}

func (s *schemas) fields(t reflect.Type, properties object, required *[]string) {
	for field := range fieldsOf(t) {
		if field.Anonymous && field.Tag.Get("json") == "" {
			s.fields(field.Type, properties, required)
			continue
		}
		key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if key == "-" {
			continue
		}
		if key == "" {
			s.t.Fatalf("%v.%s has no json name", t, field.Name)
		}
		property := s.of(field.Type)
		if values := field.Tag.Get("enum"); values != "" {
			property["enum"] = strings.Split(values, ",")
		}
		if format := field.Tag.Get("format"); format != "" {
			property["format"] = format
		}
		if text := s.comments[t.Name()+"."+field.Name]; text != "" {
			property["description"] = text
		}
		properties[key] = property
		if !strings.Contains(options, "omit") {
			*required = append(*required, key)
		}
	}
}

func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// commentsOf reads what the files of this package say of their types and fields.
func commentsOf(t *testing.T) map[string]string {
	t.Helper()
	comments := map[string]string{}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.TYPE {
				continue
			}
			for _, spec := range group.Specs {
				typ := spec.(*ast.TypeSpec)
				comments[typ.Name.Name] = oneLine(group.Doc.Text() + typ.Doc.Text())
				if s, ok := typ.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						for _, n := range f.Names {
							comments[typ.Name.Name+"."+n.Name] = oneLine(f.Doc.Text() + f.Comment.Text())
						}
					}
				}
			}
		}
	}
	return comments
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
