// Package decode turns Mastra's bodies, of both generations, into what a store takes. It knows no HTTP and no store: it
// reads bytes that may be hostile, within limits, and says of each record what it is or why it is refused.
//
// Package intake reads and decompresses a request. [Spans] and [Records] then take it apart. A record that cannot be read
// is refused alone, with a reason for a counter, and costs none of its neighbours: received = items + rejected. Only a
// body that is not what its route takes is refused whole, with an error that [intake.Status] turns into 400, 413 or 415.
// No error quotes what was sent beyond a key's name.
package decode
