// Package intake reads what anyone may send: bodies that are bounded and unpacked, and spans that are brought within
// limits. It knows no HTTP and no format of spans: decoders of OTLP and of other formats share it, so that all refuse the
// same things with the same words.
//
// [Body] reads and decompresses a request; a server that bounds its memory uses [WireLimit], [PlainSize] and [Unpacker].
// [Limits.Fit] judges a span that was decoded. A record that cannot be taken is a [Rejection], with a reason for a
// counter, and costs none of its neighbours. Only a body that is not what its route takes is refused whole, with an error
// that [Status] turns into 400, 413 or 415. No error quotes what was sent beyond a key's name.
package intake
