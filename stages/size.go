package stages

import "reflect"

type (
	sizer   interface{ Size() int }
	charger interface{ Charge() int }
	weigher interface{ Items() int }
)

// sizeOf returns the function that tells what the byte budget charges for a T: Charge() if it has
// that method, else Size(). It is nil if T has neither. An item of an interface type that has
// none of them is charged 0.
func sizeOf[T any]() func(*T) int {
	switch {
	case has[T, charger]():
		return func(item *T) int { return as[T, charger](item).Charge() }
	case has[T, sizer]():
		return func(item *T) int { return as[T, sizer](item).Size() }
	case reflect.TypeFor[T]().Kind() == reflect.Interface:
		return func(item *T) int {
			if c, ok := any(*item).(charger); ok {
				return c.Charge()
			}
			if s, ok := any(*item).(sizer); ok {
				return s.Size()
			}
			return 0
		}
	}
	return nil
}

// has reports whether a T, or a pointer to one, has the methods of I.
func has[T, I any]() bool {
	t, trait := reflect.TypeFor[T](), reflect.TypeFor[I]()
	return t.Implements(trait) || reflect.PointerTo(t).Implements(trait)
}

// as returns an item as an I that it is. Only pointers and interfaces fit into one without a copy.
func as[T, I any](item *T) I {
	if v, ok := any(item).(I); ok {
		return v
	}
	return any(*item).(I)
}
