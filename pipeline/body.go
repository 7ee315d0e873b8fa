package pipeline

import "sync/atomic"

// Body is several items encoded into bytes, as they go over the wire. In the ledger it weighs as
// many items as it holds; the byte budget charges it with what those were charged, not with its
// own length. Bodies flow by pointer, and whoever receives one owns it.
type Body struct {
	Data            []byte // what is to be sent
	ContentType     string // of Plain, as in HTTP
	ContentEncoding string // of Data, as in HTTP: "" if it is Plain itself, else gzip, zstd, s2, ...
	Plain           []byte // Data before it was compressed; the same slice if it was not
	Parts           []Part // where each item lies in Plain, so that a body can be cut between items
	Charged         int    // bytes that the items were charged with

	recycle func(*Body)
	shares  int32 // how many beyond the first have to free it; atomic, but a Body may be copied
}

// Part is where an item lies in a body: Plain[From:To], without what separates items. What comes
// before the first part opens a body, what comes after the last closes it.
type Part struct{ From, To int }

// Items is the number of items in the body.
func (b *Body) Items() int { return len(b.Parts) }

// Charge is what the byte budget was charged with for the items.
func (b *Body) Charge() int { return b.Charged }

// OnFree sets what Free does: it gives the buffers back to whoever made them.
func (b *Body) OnFree(recycle func(*Body)) { b.recycle = recycle }

// Share says that so many more will call Free before the buffers are used again. Fork says it for
// its branches.
func (b *Body) Share(more int) { atomic.AddInt32(&b.shares, int32(more)) }

// Free gives the body's buffers back for use in another one. A sink calls it when it is done with
// the body; nobody may touch the body afterwards. Not to call it is no error.
func (b *Body) Free() {
	if b.recycle == nil || atomic.AddInt32(&b.shares, -1) >= 0 {
		return
	}
	recycle := b.recycle
	b.recycle = nil
	recycle(b)
}
