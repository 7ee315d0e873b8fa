package span

import "strings"

// pathNode is a place in a span's attributes that writing looks at, or an object on the way to such places.
type pathNode struct {
	slot  int // its number
	above *pathNode
	inner pathNodes
}

type pathNodes map[string]*pathNode

// pathSlots has the number of each path, writtenPaths the tree of all.
var (
	pathSlots    = map[string]int{}
	writtenPaths = pathNodes{}
	pathNodeOf   []*pathNode // by slot
)

// maxPathSlots is how many places there may be: a writer has one bit for each.
const maxPathSlots = 64

// slotOfPath numbers a path, and the objects on the way to it, when the tables are made.
func slotOfPath(path string) int {
	if slot, known := pathSlots[path]; known {
		return slot
	}
	level, above := writtenPaths, (*pathNode)(nil)
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		above = pathNodeOf[slotOfPath(path[:i])]
		if above.inner == nil {
			above.inner = pathNodes{}
		}
		level = above.inner
	}
	n := &pathNode{slot: len(pathNodeOf), above: above}
	level[path[strings.LastIndexByte(path, '.')+1:]] = n
	pathNodeOf = append(pathNodeOf, n)
	pathSlots[path] = n.slot
	return n.slot
}

// foundAttributes are a span's attributes by their slots, read once, and which of them have been taken.
type foundAttributes struct {
	all     Value
	values  [maxPathSlots]Value
	taken   uint64 // a bit for each slot: it was said
	touched uint64 // something inside it was
}

func (f *foundAttributes) read(v Value) {
	f.all = v
	f.readLevel(v, writtenPaths)
}

// readLevel finds what an object has for the places of one level. Of a key that is there twice the last counts.
func (f *foundAttributes) readLevel(v Value, level pathNodes) {
	objects := false
	for m := range v.members() {
		if n := level[m.text()]; n != nil {
			f.values[n.slot] = m.value
			objects = objects || n.inner != nil
		}
	}
	if !objects {
		return
	}
	for _, n := range level {
		if n.inner != nil && f.values[n.slot] != "" {
			f.readLevel(f.values[n.slot], n.inner)
		}
	}
}

// take returns what is in a slot, and notes that it is said.
func (f *foundAttributes) take(slot int) Value {
	v := f.values[slot]
	if v.IsNull() || f.taken&(1<<slot) != 0 {
		return ""
	}
	f.taken |= 1 << slot
	for n := pathNodeOf[slot].above; n != nil; n = n.above {
		f.touched |= 1 << n.slot
	}
	return v
}

// rest yields what was not taken: whole attributes, or what is left of those that are objects.
func (f *foundAttributes) rest(yield func(key string, v Value)) {
	done := uint64(0) // keys that are there twice
	for m := range f.all.members() {
		key, v := m.text(), m.value
		if n := writtenPaths[key]; n != nil && (f.taken|f.touched)&(1<<n.slot) != 0 {
			if done&(1<<n.slot) != 0 {
				continue
			}
			done |= 1 << n.slot
			v = f.left(n)
		}
		if !v.IsNull() {
			yield(key, v)
		}
	}
}

// left is what was not taken of a place of which something was; null for nothing.
func (f *foundAttributes) left(n *pathNode) Value {
	if f.taken&(1<<n.slot) != 0 {
		return ""
	}
	buf, done := []byte{'{'}, uint64(0)
	for m := range f.values[n.slot].members() {
		v := m.value
		if in := n.inner[m.text()]; in != nil && (f.taken|f.touched)&(1<<in.slot) != 0 {
			if done&(1<<in.slot) != 0 {
				continue
			}
			done |= 1 << in.slot
			if v = f.left(in); v.IsNull() {
				continue
			}
		}
		buf = append(append(append(comma(buf), m.whole...), ':'), v...)
	}
	if len(buf) == 1 {
		return ""
	}
	return Value(append(buf, '}'))
}
