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
	return pipeline.Fuse(func(in *pipeline.In[*pipeline.Body], out *pipeline.Out[*pipeline.Body]) func(**pipeline.Body) {
		if c.kind() == None {
			return out.Push
		}
		packer, bad := c.packer()
		var free freeList[coat]
		return func(item **pipeline.Body) {
			body, err := *item, bad
			if body.ContentEncoding == "" && err == nil {
				coat, plain := newCoat(&free), body.Data
				if coat.buf, err = packer.pack(coat.buf, plain); err == nil {
					coat.cover(body)
					body.Plain, body.ContentEncoding = plain, c.Encoding()
				}
			}
			if err != nil {
				in.Failed(item, err)
				return
			}
			out.Push(item)
		}
	}).Named("compress").InPlace()
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
