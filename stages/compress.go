package stages

import (
	"io"

	"github.com/tailrace-go/tailrace/pipeline"
)

type stream interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// Compress makes Data of each body smaller and sets its ContentEncoding; Plain stays, so that
// the body can still be cut between items. A body that is compressed already goes on as it is.
//
// Each goroutine that runs the stage has one encoder, which works on that goroutine. Under
// [pipeline.Workers] they work in parallel, and with [pipeline.Ordered] in order. It changes the
// bodies, so below a Fork it needs that to have a Clone.
func Compress(c Compression) pipeline.Stage[*pipeline.Body, *pipeline.Body] {
	if err := c.check(); err != nil {
		return pipeline.BadStage[*pipeline.Body, *pipeline.Body]("compress", err)
	}
	return compress(func() Compression { return c })
}

// CompressBy is [Compress] by what choose returns, which is asked once for each body that is not
// compressed yet: for a receiver that says while the pipeline runs which compressions it takes.
// Where that is [None] the body goes on as it is. A compression, or a level, that there is not
// fails the body that it was chosen for, and no other.
//
// Under [pipeline.Workers] choose is called concurrently. Each goroutine keeps one encoder of each
// kind that was chosen.
func CompressBy(choose func() Compression) pipeline.Stage[*pipeline.Body, *pipeline.Body] {
	if choose == nil {
		return pipeline.BadStage[*pipeline.Body, *pipeline.Body]("compress", errNil("choose"))
	}
	return compress(choose)
}

func compress(choose func() Compression) pipeline.Stage[*pipeline.Body, *pipeline.Body] {
	return pipeline.Fuse(func(in *pipeline.In[*pipeline.Body], out *pipeline.Out[*pipeline.Body]) func(**pipeline.Body) {
		var packers packers
		var free freeList[coat]
		return func(item **pipeline.Body) {
			body := *item
			if body.ContentEncoding != "" {
				out.Push(item)
				return
			}
			c := choose()
			packer, err := packers.of(c)
			if packer != nil {
				coat, plain := newCoat(&free), body.Data
				if coat.buf, err = packer.pack(coat.buf, plain); err == nil {
					coat.cover(body)
					body.Plain, body.ContentEncoding = plain, c.Encoding()
				}
			}
			if err != nil {
				in.Failed(item, pipeline.WithReason(pipeline.ReasonEncode, err))
				return
			}
			out.Push(item)
		}
	}).Named("compress").InPlace()
}

// packers are one goroutine's encoders: the newest of each kind, since choices seldom change.
type packers [S2 + 1]struct {
	packer
	level int
}

// of returns the encoder for c, nil for None.
func (p *packers) of(c Compression) (packer, error) {
	if err := c.check(); err != nil || c.kind() == None {
		return nil, err
	}
	kept := &p[c.kind()]
	if kept.packer == nil || kept.level != c.level() {
		made, err := c.packer()
		if err != nil {
			return nil, err
		}
		kept.packer, kept.level = made, c.level()
	}
	return kept.packer, nil
}

// coat is the buffer that takes the place of a body's Data. It goes out with the body and comes
// back by Body.Free, which then also frees what the body was before.
type coat struct {
	buf     []byte
	before  pipeline.Body
	recycle func(*pipeline.Body)
}

func newCoat(free *freeList[coat]) *coat {
	if used := free.get(); used != nil {
		return used
	}
	c := new(coat)
	c.recycle = func(*pipeline.Body) {
		c.before.Free()
		c.before = pipeline.Body{}
		c.buf = reuse(c.buf)
		free.put(c)
	}
	return c
}

// cover makes the coat's buffer the body's Data.
func (c *coat) cover(body *pipeline.Body) {
	c.before = *body // with what its Free does
	n := len(c.buf)
	body.Data = c.buf[:n:n]
	body.OnFree(c.recycle)
}
