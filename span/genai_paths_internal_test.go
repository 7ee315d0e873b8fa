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
	nested := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !strings.Contains(path, ".") })
	const path = "usage.inputDetails.cacheRead"
	checkFound(t, `{"usage":{"inputDetails":{"cacheRead":1,"x":2},"inputDetails":{"cacheRead":3,"y":4}}}`, path)
	checkFound(t, `{"usage":{"inputDetails":{"cacheRead":1}},"usage":{"inputDetails":{"cacheRead":3,"x":4}}}`, path)
	rapid.Check(t, func(rt *rapid.T) {
		object := Value(objects(writtenPaths).Draw(rt, "attributes"))
		checkFound(rt, object, rapid.SliceOf(rapid.SampledFrom(slices.Concat(paths, nested, nested))).Draw(rt, "taken")...)
	})
}

func checkFound(t rapid.TB, object Value, taken ...string) {
	var f foundAttributes
	f.read(object)
	left := object
	for _, path := range taken {
		if pathNodeOf[pathSlots[path]].inner != nil {
			continue // objects are not taken whole
		}
		var want Value
		if want, left = takenPlainly(left, path); f.take(pathSlots[path]) != want {
			t.Fatalf("%s is not %q in %s", path, want, object)
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
		t.Fatalf("left of %s without %v is\n%v, want\n%v", object, taken, got, want)
	}
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

// objects are JSON with the keys of a level, and others. A key may be there twice; where it is that of an object, there
// mostly is one.
func objects(level pathNodes) *rapid.Generator[string] {
	keys := append(slices.Sorted(maps.Keys(level)), "x", "", `a\"b`, `us\u0061ge`)
	var inner []string
	for _, key := range keys {
		if n := level[key]; n != nil && n.inner != nil {
			inner = append(inner, key)
		}
	}
	return rapid.Custom(func(t *rapid.T) string {
		var members, before []string
		for range rapid.IntRange(0, 6).Draw(t, "members") {
			from := keys
			if len(inner) > 0 && rapid.Bool().Draw(t, "an object") {
				from = inner
			}
			if len(before) > 0 && rapid.IntRange(0, 2).Draw(t, "not again") == 0 {
				from = before
			}
			key := rapid.SampledFrom(from).Draw(t, "key")
			before = append(before, key)
			value := rapid.SampledFrom([]string{"null", "12", `"t"`, "{}", "[1, {}]", `{"x": 1}`})
			if n := level[unquoted(key)]; n != nil && n.inner != nil && rapid.IntRange(0, 4).Draw(t, "no object") > 0 {
				value = objects(n.inner)
			}
			members = append(members, `"`+key+`":`+value.Draw(t, "value"))
		}
		return "{" + strings.Join(members, ",") + "}"
	})
}

func unquoted(key string) string { return strings.ReplaceAll(key, `\u0061`, "a") }
