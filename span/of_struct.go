package span

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// structMember is a struct field that becomes a member of the object.
type structMember struct {
	name      string
	index     []int
	omitEmpty bool
	omitZero  bool
}

var structMembers sync.Map // reflect.Type → []structMember

// membersOf lists the exported fields of t in order, those of embedded structs in their place, unless such a struct has a
// name of its own in its tag, or "-". Of two with one name the outer one counts, and among equals the first.
func membersOf(t reflect.Type) []structMember {
	if known, ok := structMembers.Load(t); ok {
		return known.([]structMember)
	}
	var list []structMember
	var closed []int // the embedded struct met last that is left out or a member itself: its fields are none of t's
	depth := map[string]int{}
	for _, f := range reflect.VisibleFields(t) {
		if len(closed) > 0 && len(f.Index) > len(closed) && slices.Equal(f.Index[:len(closed)], closed) {
			continue
		}
		whole := f.Tag.Get("json")
		tag, options, _ := strings.Cut(whole, ",")
		embedded := f.Anonymous && isStruct(f.Type)
		if embedded && tag == "" {
			continue // its fields come next, as visible ones of t
		}
		if embedded {
			closed = f.Index
		}
		if whole == "-" || !f.IsExported() && !embedded {
			continue
		}
		m := structMember{name: cmp.Or(tag, f.Name), index: f.Index}
		for option := range strings.SplitSeq(options, ",") {
			m.omitEmpty = m.omitEmpty || option == "omitempty"
			m.omitZero = m.omitZero || option == "omitzero"
		}
		if level, seen := depth[m.name]; seen {
			if len(f.Index) >= level {
				continue
			}
			list = slices.DeleteFunc(list, func(other structMember) bool { return other.name == m.name })
		}
		depth[m.name] = len(f.Index)
		list = append(list, m)
	}
	structMembers.Store(t, list)
	return list
}

func isStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

func (w *valueWriter) structure(v reflect.Value) {
	var members []structMember
	var values []reflect.Value
	for _, m := range membersOf(v.Type()) {
		field, err := v.FieldByIndexErr(m.index)
		if err != nil || m.omitEmpty && isEmpty(field) || m.omitZero && field.IsZero() {
			continue // err: the field of an embedded pointer that is nil
		}
		members, values = append(members, m), append(values, field)
	}
	w.members(len(members), func(i int) (string, reflect.Value) { return members[i].name, values[i] })
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
