package sinktest

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// Request is one request as the collector saw it.
type Request struct {
	N       int       // 1 for the first to arrive
	Time    time.Time // when its headers had arrived
	Method  string
	Path    string // without the query
	Host    string // the host that the client meant to reach
	Header  http.Header
	Key     string // its Idempotency-Key
	Attempt int    // 1 for the first request with this Key; requests without one are counted together

	// What follows is filled in while the request is served, so OnRequest sees zeros.

	EncodedBytes int64 // read of the body as it was sent
	DecodedBytes int64 // the same, decompressed; 0 if it could not be decoded whole
	Records      int   // records in the body, good and bad
	Status       int   // status of the answer, whether or not it arrived; 0 if there was none, or a Handler gave it
}

// Compressed reports whether the body has a Content-Encoding other than identity.
func (r Request) Compressed() bool {
	coding := contentCoding(r.Header)
	return coding != "" && coding != "identity"
}

// Rand returns a random source drawn from seed, Key and Attempt: the same for a given attempt
// at a given batch, in whichever order requests arrive.
func (r Request) Rand(seed uint64) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.Key)) // a hash never fails to write
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(r.Attempt)))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Requests returns all requests up to Config.MaxRequests in the order of their arrival, or
// none with Config.IDsOnly. The headers are shared: do not change them.
func (c *Collector) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Request, len(c.requests))
	for i, r := range c.requests {
		all[i] = *r
	}
	return all
}

// contentCoding is the body's Content-Encoding in lower case, all of it if there are several.
func contentCoding(h http.Header) string {
	return strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ",")))
}
