package observability

import (
	"context"
	"fmt"
	"maps"
	"strings"
)

// key is for values in a context. Its pointers are compared faster than types are.
type key struct{ name string }

var (
	spanKey    = &key{"span"}
	runKey     = &key{"run"}
	requestKey = &key{"request"}
)

// spanContext is a context with a span in it. They are one allocation.
type spanContext struct {
	context.Context
	span Span
}

func (c *spanContext) Value(k any) any {
	if k == any(spanKey) {
		return &c.span
	}
	return c.Context.Value(k)
}

// String keeps fmt from reading what a lock guards.
func (c *spanContext) String() string { return fmt.Sprintf("%v.WithSpan", c.Context) }

// FromContext returns the span that spans started with ctx would be below; nil if there is none.
func FromContext(ctx context.Context) *Span {
	if ctx == nil {
		return nil
	}
	s, _ := ctx.Value(spanKey).(*Span)
	if s != nil && s.remote != nil {
		return nil // the span is in another process
	}
	return s
}

// ContextWithRun keeps options for the next trace that starts with ctx, wherever that is: what a caller has to say
// about a run of which the spans are made in a library. Options given to Start come after them. Called again, it adds.
func ContextWithRun(ctx context.Context, opts ...Option) context.Context {
	before, _ := ctx.Value(runKey).([]Option)
	return context.WithValue(ctx, runKey, append(before[:len(before):len(before)], opts...))
}

// ContextWithRequest keeps what is known of a request, such as its user. What [Instance.RequestContextKeys] name goes
// into the metadata of a trace that starts with ctx, and nothing else. Called again, it adds and replaces keys. The
// values must not change any more.
func ContextWithRequest(ctx context.Context, values map[string]any) context.Context {
	before, _ := ctx.Value(requestKey).(map[string]any)
	return context.WithValue(ctx, requestKey, joined(before, values))
}

func validPath(path string) bool {
	return path != "" && !strings.HasPrefix(path, ".") && !strings.HasSuffix(path, ".") && !strings.Contains(path, "..")
}

// pick returns the values of the paths that are set, in the shape they have in values. A key that is spelt with the dot
// goes before the path.
func pick(values map[string]any, paths ...[]string) map[string]any {
	if len(values) == 0 {
		return nil
	}
	picked := map[string]any{}
	for _, some := range paths {
		for _, path := range some {
			if v, ok := values[path]; ok {
				picked[path] = v
				continue
			}
			if v, ok := at(values, strings.Split(path, ".")); ok {
				picked = put(picked, path, v)
			}
		}
	}
	return picked
}

func at(values map[string]any, steps []string) (v any, ok bool) {
	for i, step := range steps {
		if i > 0 {
			if values, ok = v.(map[string]any); !ok {
				return nil, false
			}
		}
		if v, ok = values[step]; !ok {
			return nil, false
		}
	}
	return v, ok
}

// put returns into with a value at a dotted path. The maps on the way are its own: what is there may be the request's.
func put(into map[string]any, path string, v any) map[string]any {
	mine := maps.Clone(into)
	if mine == nil {
		mine = map[string]any{}
	}
	step, rest, deeper := strings.Cut(path, ".")
	if deeper {
		inner, _ := mine[step].(map[string]any)
		v = put(inner, rest, v)
	}
	mine[step] = v
	return mine
}
