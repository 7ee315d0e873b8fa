package pipeline

import "reflect"

// weigher is implemented by items that stand for several, such as a batch or an encoded body.
type weigher interface{ Items() int }

// sizer is implemented by items that say how many bytes they are charged for.
type sizer interface{ Size() int }

// charger is implemented by items whose charge is not their own size but that of what they
// were made from, such as a compressed body.
type charger interface{ Charge() int }

// weigherOf returns the function that tells the weight of a T, nil if each T weighs 1.
func weigherOf[T any]() func(*T) int {
	return traitOf[T](weigher.Items, 1)
}

// chargerOf returns the function that tells the charge of a T in bytes, nil if it has none.
func chargerOf[T any]() func(*T) int {
	if charge := traitOf[T](charger.Charge, 0); charge != nil {
		return charge
	}
	return traitOf[T](sizer.Size, 0)
}

// pricerOf is chargerOf for an item that is not to move to the heap, as anything does whose address
// an unknown function is given. It keeps pointers and interfaces, the usual items, from that.
func pricerOf[T any]() func(T) int {
	t := reflect.TypeFor[T]()
	switch {
	case t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface:
	case t.Implements(reflect.TypeFor[charger]()):
		return func(item T) int { return any(item).(charger).Charge() }
	case t.Implements(reflect.TypeFor[sizer]()):
		return func(item T) int { return any(item).(sizer).Size() }
	}
	charge := chargerOf[T]()
	return func(v T) int { return charge(&v) }
}

// traitOf decides once how a method of T is reached, so that items without it pay nothing and
// others are not boxed: a pointer to a T has the methods of T, and fits an interface as it is.
func traitOf[T, I any](read func(I) int, without int) func(*T) int {
	t, trait := reflect.TypeFor[T](), reflect.TypeFor[I]()
	switch {
	case t.Kind() == reflect.Interface && t.Implements(trait):
		return func(p *T) int { return read(any(*p).(I)) }
	case t.Kind() == reflect.Interface:
		return func(p *T) int {
			if v, ok := any(*p).(I); ok {
				return read(v)
			}
			return without
		}
	case t.Kind() == reflect.Pointer && t.Implements(trait):
		return func(p *T) int { return read(any(*p).(I)) }
	case reflect.PointerTo(t).Implements(trait):
		return func(p *T) int { return read(any(p).(I)) }
	}
	return nil
}

// weightOfAny is the weight of an item whose type is not known before.
func weightOfAny(item any) int64 {
	if w, ok := item.(weigher); ok {
		return int64(w.Items())
	}
	return 1
}

// holdsPointers reports whether a T left behind would keep other memory alive.
func holdsPointers[T any]() bool { return pointersIn(reflect.TypeFor[T]()) }

func pointersIn(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && pointersIn(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if pointersIn(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.String, reflect.UnsafePointer:
		return true
	}
	return false
}
