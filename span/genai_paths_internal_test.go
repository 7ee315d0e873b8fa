package span

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestFoundAttributesAreThoseOfTheObject holds what is found, taken and left against the plain way: to look each path up in
// the object, and to set it to nothing.
func TestFoundAttributesAreThoseOfTheObject(t *testing.T) {
	paths := slices.Sorted(maps.Keys(pathSlots))
	keys := []string{"x", "", `a\"b`, `us\u0061ge`, "usage", "parameters", "inputDetails"}
	for _, path := range paths {
		keys = append(keys, strings.Split(path, ".")...)
	}
	rapid.Check(t, func(rt *rapid.T) {
		object := Value(objects(keys, 3).Draw(rt, "attributes"))
		var f foundAttributes
		f.read(object)
		left := object
		for _, path := range rapid.SliceOf(rapid.SampledFrom(paths)).Draw(rt, "taken") {
			if pathNodeOf[pathSlots[path]].inner != nil {
				continue // objects are not taken whole
			}
			var want Value
			if want, left = takenPlainly(left, path); f.take(pathSlots[path]) != want {
				rt.Fatalf("%s is not %q", path, want)
			}
		}
		var got, want []Field
		f.rest(func(key string, v Value) { got = append(got, Field{key, v}) })
		for key, v := range left.Members() {
			if !v.IsNull() {
				want = append(want, Field{key, v})
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("left is\n%v, want\n%v", got, want)
		}
	})
}

// takenPlainly returns what is at a path of v, and v without it; an object that is left empty goes too.
func takenPlainly(v Value, path string) (taken, left Value) {
	key, inner, nested := strings.Cut(path, ".")
	have := v.Get(key)
	if !nested || have.IsNull() {
		if taken = have; !taken.IsNull() {
			v = v.Set(key, "")
		}
		return taken, v
	}
	if taken, have = takenPlainly(have, inner); taken.IsNull() {
		return "", v
	}
	if have == "{}" {
		have = ""
	}
	return taken, v.Set(key, have)
}

// objects are JSON, with keys that may be there twice.
func objects(keys []string, depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var members []string
		for range rapid.IntRange(0, 6).Draw(t, "members") {
			value := rapid.SampledFrom([]string{"null", "12", `"t"`, "{}", "[1, {}]"})
			if depth > 1 {
				value = rapid.OneOf(value, objects(keys, depth-1))
			}
			members = append(members, `"`+rapid.SampledFrom(keys).Draw(t, "key")+`":`+value.Draw(t, "value"))
		}
		return "{" + strings.Join(members, ",") + "}"
	})
}
