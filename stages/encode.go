package stages

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"

	"github.com/tailrace-go/tailrace/pipeline"
)

// EncodeConfig bounds what [Encode] makes. Its zero value sets no bounds.
type EncodeConfig struct {
	MaxBytes     int // bytes of a body before compression: a batch that needs more is cut into several; 0 means no limit
	MaxItemBytes int // bytes of one encoded item; a larger one fails alone; 0 means what fits into MaxBytes
}

func (c EncodeConfig) check() error {
	switch {
	case c.MaxBytes < 0:
		return fmt.Errorf("EncodeConfig.MaxBytes is negative: %d", c.MaxBytes)
	case c.MaxItemBytes < 0:
		return fmt.Errorf("EncodeConfig.MaxItemBytes is negative: %d", c.MaxItemBytes)
	case c.MaxBytes > 0 && c.MaxItemBytes > c.MaxBytes:
		return fmt.Errorf("EncodeConfig.MaxItemBytes of %d is more than EncodeConfig.MaxBytes of %d", c.MaxItemBytes, c.MaxBytes)
	}
	return nil
}

// Encode makes bodies of batches: one of each, or several if it would be larger than MaxBytes.
// The items stay in order, and each body says where in it its items lie.
//
// A fault costs the item that has it and no other: an item that codec cannot encode is failed
// under the reason encode, or the one that codec gives by [pipeline.WithReason], one that is too large under too_large (the error matches
// [ErrTooLarge]), one on which codec panics under stage_panic. A batch of which nothing is left
// makes no body. (A stage below on the same goroutine that panics on one of several bodies of a
// batch costs the rest of that batch, too.)
//
// The receiver owns a body, and gives its buffers back by Free.
func Encode[T any](codec Codec[T], cfg EncodeConfig) pipeline.Stage[pipeline.Batch[T], *pipeline.Body] {
	err := cfg.check()
	switch {
	case codec == nil:
		err = errors.New("the codec is nil")
	case has[T, weigher]():
		err = fmt.Errorf("%v stands for several items, of which a body would lose count", reflect.TypeFor[T]())
	}
	if err != nil {
		return pipeline.BadStage[pipeline.Batch[T], *pipeline.Body]("encode", err)
	}
	return pipeline.Fuse(func(in *pipeline.In[pipeline.Batch[T]], out *pipeline.Out[*pipeline.Body]) func(*pipeline.Batch[T]) {
		e := &encoder[T]{codec: codec, cfg: cfg, size: sizeOf[T](), sep: -1, fail: in.FailedPart, free: new(freeList[sheet])}
		made := new(*pipeline.Body)
		return func(batch *pipeline.Batch[T]) {
			e.begin(*batch)
			for *made = e.next(); *made != nil; *made = e.next() {
				out.Push(made)
			}
		}
	}).Named("encode").Borrowing()
}

// encoder is one goroutine's Encode.
type encoder[T any] struct {
	codec Codec[T]
	cfg   EncodeConfig
	size  func(*T) int
	fail  func(part any, err error)
	free  *freeList[sheet]

	items pipeline.Batch[T]
	bytes int    // what they say they take; 0 if they do not, or were not asked
	most  int    // bytes of the largest body so far
	at    int    // the next item
	page  *sheet // of the body that grows
	tail  []byte // what closes a body
	open  int    // bytes that open one
	sep   int    // bytes between two items, -1 until it is known
}

// sheet is what a body is written on. It goes out with the body and comes back by Body.Free.
type sheet struct {
	buf     []byte
	parts   []pipeline.Part
	charged int
	recycle func(*pipeline.Body)
}

// begin starts a batch. What the last one left behind, if that panicked, is forgotten.
func (e *encoder[T]) begin(batch pipeline.Batch[T]) {
	e.items, e.at, e.bytes = batch, 0, 0
	e.tail = e.codec.AppendClose(e.tail[:0])
	e.page = e.blank(e.page)
}

// measure adds up what the items say. One that panics will do so again, where it costs its item alone.
func (e *encoder[T]) measure() {
	defer func() { _ = recover() }()
	for i := range e.items {
		e.bytes += e.size(&e.items[i])
	}
}

// blank returns a sheet with nothing but an opening: used, if that is not nil, or another.
func (e *encoder[T]) blank(used *sheet) *sheet {
	if used == nil {
		used = e.free.get()
	}
	if used == nil {
		s := new(sheet)
		s.recycle = func(*pipeline.Body) {
			e.free.put(s, cap(s.buf))
		}
		used = s
	}
	used.buf = e.codec.AppendOpen(e.room(used.buf))
	used.parts, used.charged = slices.Grow(used.parts[:0], len(e.items)-e.at), 0
	e.open = len(used.buf)
	return used
}

// room returns buf, empty, or another buffer if the items at hand may need more. Only where no earlier body
// tells are they asked.
func (e *encoder[T]) room(buf []byte) []byte {
	if cap(buf) >= max(e.most, 1) {
		return buf[:0]
	}
	if e.bytes == 0 && e.size != nil {
		e.measure()
	}
	need := max(min(e.bytes, maxIdleBytes), e.most)
	if e.cfg.MaxBytes > 0 {
		need = min(max(e.bytes, e.most), e.cfg.MaxBytes)
	}
	return roomy(buf, need)
}

// next returns the next body of the batch, nil when there is no more. Nobody else's code but the
// codec's runs in it, so that its panics can be told from those of the stages below.
func (e *encoder[T]) next() *pipeline.Body {
	for e.at < len(e.items) {
		if full := e.walk(); full != nil {
			return e.seal(full)
		}
	}
	e.items = nil
	if e.page == nil || len(e.page.parts) == 0 {
		return nil // the sheet waits for the next batch
	}
	full := e.page
	e.page = nil
	return e.seal(full)
}

// walk encodes items until a sheet is full, which it returns, or until one panics: that one
// fails, and the caller goes on behind it. One recover thus serves all items.
func (e *encoder[T]) walk() (full *sheet) {
	clean := false
	defer func() {
		if clean {
			return
		}
		if v := recover(); v != nil { // after Goexit, the engine settles the batch
			e.lose(&pipeline.PanicError{Stage: "encode", Value: v, Stack: debug.Stack()})
		}
	}()
	for e.at < len(e.items) && full == nil {
		full = e.encode(&e.items[e.at])
	}
	clean = true
	return full
}

// encode writes one item. If that makes its sheet too full, the item opens the next one.
func (e *encoder[T]) encode(item *T) (full *sheet) {
	page, mark, sep, charged := e.page, len(e.page.buf), 0, 0
	if e.size != nil {
		charged = e.size(item)
	}
	buf, err := e.codec.AppendItem(page.buf, *item, len(page.parts) == 0)
	if err == nil && len(page.parts) > 0 {
		sep, err = e.separator(item, len(buf)-mark)
	}
	if err == nil && len(buf) < mark+sep {
		err = errors.New("the codec returned less than it was given")
	}
	if err != nil {
		if !pipeline.HasReason(err) {
			err = pipeline.WithReason(pipeline.ReasonEncode, err)
		}
		e.lose(err)
		return nil
	}
	if err := e.fits(len(buf) - mark - sep); err != nil {
		e.lose(pipeline.WithReason(pipeline.ReasonTooLarge, err))
		return nil
	}
	if e.cfg.MaxBytes > 0 && len(buf)+len(e.tail) > e.cfg.MaxBytes {
		full, e.page = page, e.blank(nil)
		page, mark, sep = e.page, e.open, 0
		buf = append(page.buf, buf[len(full.buf)+e.sep:]...)
	}
	page.buf = buf
	page.parts = append(page.parts, pipeline.Part{From: mark + sep, To: len(buf)})
	page.charged += charged
	e.at++
	return full
}

// separator returns the bytes that the codec puts between two items. It learns that from the
// first item that needs them, whose length with them is given.
func (e *encoder[T]) separator(item *T, with int) (int, error) {
	if e.sep >= 0 {
		return e.sep, nil
	}
	alone, err := e.codec.AppendItem(nil, *item, true)
	if err == nil && with < len(alone) {
		err = errors.New("the codec makes an item shorter when it is not the first")
	}
	if err != nil {
		return 0, err
	}
	e.sep = with - len(alone)
	return e.sep, nil
}

// fits checks the length of an encoded item.
func (e *encoder[T]) fits(n int) error {
	if e.cfg.MaxItemBytes > 0 && n > e.cfg.MaxItemBytes {
		return fmt.Errorf("%w: an item has %d bytes encoded, EncodeConfig.MaxItemBytes is %d", ErrTooLarge, n, e.cfg.MaxItemBytes)
	}
	if whole := e.open + n + len(e.tail); e.cfg.MaxBytes > 0 && whole > e.cfg.MaxBytes {
		return fmt.Errorf("%w: an item makes a body of %d bytes, EncodeConfig.MaxBytes is %d", ErrTooLarge, whole, e.cfg.MaxBytes)
	}
	return nil
}

// lose fails the item at hand; what it left on the sheet is written over.
func (e *encoder[T]) lose(err error) {
	e.fail(e.items[e.at], err)
	e.at++
}

// seal makes the body of a sheet.
func (e *encoder[T]) seal(s *sheet) *pipeline.Body {
	s.buf = append(s.buf, e.tail...)
	n, parts := len(s.buf), len(s.parts)
	e.most = max(e.most, n)
	body := &pipeline.Body{
		Data:        s.buf[:n:n], // who appends to it gets a copy
		Plain:       s.buf[:n:n],
		ContentType: e.codec.ContentType(),
		Parts:       s.parts[:parts:parts],
		Charged:     s.charged,
	}
	body.OnFree(s.recycle)
	return body
}
