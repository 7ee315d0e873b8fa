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
	return compress(CompressConfig{Choose: func() Compression { return c }})
}

// CompressBy is [CompressWith] of a choice and nothing else.
func CompressBy(choose func() Compression) pipeline.Stage[*pipeline.Body, *pipeline.Body] {
	return CompressWith(CompressConfig{Choose: choose})
}

// CompressConfig holds the settings of [CompressWith].
type CompressConfig struct {
	// Choose is asked once for each body that is not compressed yet: for a receiver that says while the
	// pipeline runs which compressions it takes. Where it returns [None] the body goes on as it is. A
	// compression, or a level, that there is not fails the body that it was chosen for, and no other.
	// Under [pipeline.Workers] it is called concurrently. It is required.
	Choose func() Compression

	// DropPlain gives up the plain bytes of a body once it is compressed: Plain is then nil, and their
	// buffer is used for the next body while this one is on its way, so that it takes no more memory than it
	// does on the wire. Who has to cut the body, or to send it plain, decompresses it again: see
	// sink.HTTPConfig.Decompress.
	DropPlain bool
}

// CompressWith is [Compress] with settings. Each goroutine keeps one encoder of each kind that was chosen.
func CompressWith(cfg CompressConfig) pipeline.Stage[*pipeline.Body, *pipeline.Body] {
	if cfg.Choose == nil {
		return pipeline.BadStage[*pipeline.Body, *pipeline.Body]("compress", errNil("CompressConfig.Choose"))
	}
	return compress(cfg)
}

func compress(cfg CompressConfig) pipeline.Stage[*pipeline.Body, *pipeline.Body] {
	return pipeline.Fuse(func(in *pipeline.In[*pipeline.Body], out *pipeline.Out[*pipeline.Body]) func(**pipeline.Body) {
		var packers packers
		var free freeList[coat]
		return func(item **pipeline.Body) {
			body := *item
			if body.ContentEncoding != "" {
				out.Push(item)
				return
			}
			c := cfg.Choose()
			packer, err := packers.of(c)
			if packer != nil {
				coat, plain := newCoat(&free), body.Data
				if coat.buf, err = packer.pack(roomy(coat.buf, len(plain)/4), plain); err == nil {
					coat.cover(body)
					body.Plain, body.ContentEncoding = plain, c.Encoding()
					if cfg.DropPlain {
						coat.dropPlain(body)
					}
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
	parts   []pipeline.Part // the body's own, if its plain bytes were given up
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
		c.buf = c.buf[:0]
		free.put(c, cap(c.buf))
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

// dropPlain frees what the body was before. Where its items lay is still to be known.
func (c *coat) dropPlain(body *pipeline.Body) {
	c.parts = append(c.parts[:0], body.Parts...)
	body.Plain, body.Parts = nil, c.parts[:len(c.parts):len(c.parts)]
	c.before.Free()
	c.before = pipeline.Body{}
}
