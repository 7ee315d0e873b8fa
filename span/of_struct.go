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

// membersOf lists the exported fields of t in order, those of embedded structs in their place. Of two with one name the
// outer one counts, and among equals the first.
func membersOf(t reflect.Type) []structMember {
	if known, ok := structMembers.Load(t); ok {
		return known.([]structMember)
	}
	var list []structMember
	depth := map[string]int{}
	for _, f := range reflect.VisibleFields(t) {
		whole := f.Tag.Get("json")
		tag, options, _ := strings.Cut(whole, ",")
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		if whole == "-" || !f.IsExported() || f.Anonymous && tag == "" && embedded.Kind() == reflect.Struct {
			continue // the fields of an embedded struct are visible ones themselves
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
