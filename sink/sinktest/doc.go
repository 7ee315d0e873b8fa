// Package sinktest is a fake collector of spans with its faults under control: what a test,
// a simulation or a demonstration sends to in place of the real one.
//
// # Running it
//
// In a test on a real loopback socket, whose port the kernel chooses:
//
//	c := sinktest.Start(t, sinktest.Config{})
//	send(c.URL(), c.Client())
//	if err := c.WaitFor(t.Context(), 3); err != nil {
//		t.Fatal(err)
//	}
//
// In a bubble of testing/synctest, where a socket would stop the clock, over net.Pipe:
//
//	synctest.Test(t, func(t *testing.T) {
//		c := sinktest.StartPipe(t, sinktest.Config{})
//		send(c.URL(), c.Client())
//	})
//
// Without a test, [New] is the one in memory and [Listen] the one on loopback; end them with
// [Collector.Close]. A Collector is an [http.Handler] too, for a server of your own.
//
// A collector in memory is reached only through [Collector.Client], [Collector.Transport] or
// [Collector.DialContext]. Make it inside the bubble that uses it, and close it there: Close
// ends every connection, idle ones too, so that nothing outlives the bubble.
//
// # What it accepts
//
// A POST to /ai/spans/publish, /projects/<id>/ai/spans/publish, / or one of [Config.Paths],
// with the body {"spans":[…]}, or, as application/x-ndjson, one record a line; plain or with
// Content-Encoding gzip, zstd or s2 (which reads framed snappy). It answers 200 and {}, or
// says {"partialSuccess":{"rejectedSpans":1,"errorMessage":"…"}} when a record is no JSON
// object. Other requests get 400, 401, 404, 405, 413, 415, or 422 for an Idempotency-Key that
// comes back with another body.
//
// A body is known by its Idempotency-Key and a record by its traceId and its spanId (or id),
// so what is sent twice is stored once. [Collector.Ledger] is the account of it, in records:
//
//	received = stored + repeated + rejected
//
// # Making it fail
//
// A [Fault] is what happens to one request. Without one the collector is healthy.
//
//	c.Script(sinktest.Status(503), sinktest.ResetAfterBody(), nil) // the next three requests
//	c.Set(sinktest.Stall())                                        // every one, until Heal
//	c.OnRequest(func(r sinktest.Request) sinktest.Fault {          // drawn from a seed
//		if r.Rand(seed).IntN(3) == 0 {
//			return sinktest.AnswerLost()
//		}
//		return nil
//	})
//	c.Down() // connections are reset, new ones refused, until Up
//
// Faults combine: Chain(Delay(time.Second), When(Request.Compressed, Status(400))).
//
// One rule holds for all of them: a 2xx answer is an acceptance, so the records are stored
// before it is sent, and any other answer rejects them. The exceptions, [HTMLPage] and
// [Quota], are 2xx answers that no client should take, or can take, for an acceptance.
//
// A seed means the same faults however goroutines are scheduled only when the draw depends on
// the request and not on the order of arrival; [Request.Rand] is such a draw. A client whose
// retries never let time pass would spin for ever under a fake clock: [Config.MaxRequests]
// ends that, and [Collector.Err] tells.
//
// # Replays by net/http
//
// A request with an Idempotency-Key and a body that can be read again is sent again by
// [http.Transport] itself when a kept-alive connection breaks before the answer. After
// [AnswerLost] and its like the collector may so see an attempt that the client never made.
// [http.Request.GetBody] set to nil turns that off.
package sinktest
