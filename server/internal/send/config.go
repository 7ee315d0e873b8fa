// Package send is the command `tailrace send`: it reads spans from files and sends them through the pipeline, and knows at
// its end, however it came about, from which span on to go on.
package send

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/spanfile"
	"github.com/tailrace-go/tailrace/span"
)

// Config says what to send where. Inputs are required, and Endpoint unless DryRun is set.
type Config struct {
	Inputs   []spanfile.Input
	Endpoint string // URL that spans are posted to
	Token    string // sent as a bearer token; "" sends none

	AllowInsecure bool        // let the token go over http to other hosts
	Wire          span.Format // of what is sent: span.V1, the default, or span.V0
	Batch         int         // spans in a request, at most; 0 means 1000
	MaxBodyBytes  int         // bytes of a request before compression; 0 means 3.5 MiB, as the hosted limit is 4 MiB
	Compression   string      // auto (the default), gzip, zstd or none
	Concurrency   int         // requests at once; 0 means as many as the endpoint keeps up with, up to 16
	Rate          int         // spans a second; 0 means as fast as possible
	DryRun        bool        // read, check and encode, and send nothing

	From   int64  // records to pass over at the beginning
	Repeat int    // how often the inputs are sent; 0 means once. Above 1 each round has ids of its own
	Seed   uint64 // of those ids; 0 means another one each time
	Strict bool   // the first record that is bad ends the run

	// GiveUpAfter is for how long an endpoint may be down before the run ends; 0 means 5 min, a negative time no limit. One
	// that wants another token, payment or URL ends the run at once.
	GiveUpAfter time.Duration
	// Abandon, when closed, ends a drain: what is in flight is given up.
	Abandon <-chan struct{}

	Progress io.Writer // where the run is shown as it goes; nil means nowhere
	Terminal bool      // Progress is a terminal, on which a line can be redrawn
	Problems io.Writer // where bad records are named; nil means nowhere

	DialContext func(ctx context.Context, network, address string) (net.Conn, error) // for tests
}

func (c Config) withDefaults() (Config, error) {
	c.Batch = cmp.Or(c.Batch, 1000)
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 3584<<10)
	c.Compression = cmp.Or(c.Compression, "auto")
	c.Repeat = cmp.Or(c.Repeat, 1)
	c.Seed = cmp.Or(c.Seed, rand.Uint64()>>1|1)
	c.GiveUpAfter = cmp.Or(c.GiveUpAfter, 5*time.Minute)
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	if c.Problems == nil {
		c.Problems = io.Discard
	}
	wrong := func(format string, args ...any) (Config, error) {
		return c, fmt.Errorf("%w: send: Config."+format, append([]any{pipeline.ErrConfig}, args...)...)
	}
	switch {
	case len(c.Inputs) == 0:
		return wrong("Inputs are missing")
	case c.Endpoint == "" && !c.DryRun:
		return wrong("Endpoint is missing")
	case c.Batch < 0:
		return wrong("Batch is negative: %d", c.Batch)
	case c.MaxBodyBytes < 4<<10:
		return wrong("MaxBodyBytes of %d is less than 4096, which one small span may need", c.MaxBodyBytes)
	case c.Concurrency < 0 || c.Concurrency > 256:
		return wrong("Concurrency is %d, not 1 to 256", c.Concurrency)
	case c.Rate < 0:
		return wrong("Rate is negative: %d", c.Rate)
	case c.From < 0:
		return wrong("From is negative: %d", c.From)
	case c.Repeat < 0:
		return wrong("Repeat is negative: %d", c.Repeat)
	case c.Wire != span.V0 && c.Wire != span.V1:
		return wrong("Wire is %v, neither span.V0 nor span.V1", c.Wire)
	}
	for _, in := range c.Inputs {
		if in.Waits && c.Repeat > 1 {
			return wrong("Repeat is %d, and %s can be read once", c.Repeat, in.Name)
		}
	}
	if _, ok := compressions[c.Compression]; !ok {
		return wrong("Compression is %q, not auto, gzip, zstd or none", c.Compression)
	}
	return c, nil
}

// size is how many bytes are to be read, -1 if nobody knows.
func (c Config) size() int64 {
	sum := int64(0)
	for _, in := range c.Inputs {
		if in.Size < 0 {
			return -1
		}
		sum += in.Size
	}
	return sum * int64(c.Repeat)
}
