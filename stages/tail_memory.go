package stages

// tailMemory remembers what became of the traces decided last. One whose spans still come is passed over once when it is
// the next to be forgotten (the clock algorithm): a long trace that was kept early is remembered as long as it goes on.
type tailMemory struct {
	max   int
	slots map[tailKey]int32
	ring  []tailMemo
	hand  int // the next to be looked at, once the ring is full
}

type tailMemo struct {
	key  tailKey
	fate tailFate
	used bool // since the hand came by
}

// recall returns the fate of a trace, and whether it is remembered.
func (m *tailMemory) recall(key tailKey) (tailFate, bool) {
	slot, known := m.slots[key]
	if !known {
		return 0, false
	}
	m.ring[slot].used = true
	return m.ring[slot].fate, true
}

// remember takes the fate of a trace that it does not know yet, and reports whether it has forgotten another.
func (m *tailMemory) remember(key tailKey, fate tailFate) (forgot bool) {
	slot := len(m.ring)
	if slot < m.max {
		m.ring = append(m.ring, tailMemo{})
	} else {
		for m.ring[m.hand].used {
			m.ring[m.hand].used = false
			m.hand = (m.hand + 1) % m.max
		}
		slot, m.hand = m.hand, (m.hand+1)%m.max
		delete(m.slots, m.ring[slot].key)
		forgot = true
	}
	m.ring[slot] = tailMemo{key: key, fate: fate}
	m.slots[key] = int32(slot)
	return forgot
}
