// Package sink is where items leave a pipeline. A sink is used with [pipeline.To]:
//
//	pipeline.To(packed, sink.HTTP("https://collector.example/ai/spans/publish"))
//
// # Which sink
//
//   - [HTTP], [NewHTTP]: encoded bodies go to an endpoint, with retries.
//   - [Func], [Each], [Discard]: each item goes to a function, or nowhere.
//   - [Chan]: a plain Go channel, at a channel's price.
//   - [Writer]: encoded items go to an io.Writer.
//
// Package sinktest has a collector that fails on demand, to test an HTTP sender against.
//
// # What an answer means
//
// What the HTTP sink makes of each status, RFC 9110 and RFC 6585:
//
//	2xx                      delivered; without the items that a partial success rejects
//	2xx with a web page      as 3xx: a login page or a captive portal has stored nothing
//	3xx                      never followed; held
//	401 402 403 407          held
//	408 425, 5xx but these:  tried again
//	429                      tried again; does not mean that the endpoint is down
//	413                      cut in two, as often as needed; one item alone has failed: too_large
//	415                      the same body plain, and all later ones plain
//	400, first compressed    the same body plain; if that is accepted, all later ones plain
//	501 505 101, other 4xx   failed: rejected
//
// HTTPConfig.Retries has another list of what is tried again, and all else of it has failed.
//
// A request that ends without an answer (refused, reset, timed out, no such host, cut off) is
// tried again. One that fails for a certificate, a TLS setting or the setting of a
// proxy is held.
//
// Tried again means: after a pause that is drawn between 0 and a limit which doubles, from 2 s to
// 30 s, or after what Retry-After says, if that is longer, and never more than 30 s. When two
// requests in a row have failed the endpoint counts as down. One request goes out each 1 s ± 50 %
// then, with one body after the other, however many wait; its success lets all the others go. A
// body that fails for 15 min has failed: retries_expired. See [RetryConfig].
//
// Held means that somebody has to act, which may take days: the state is [Paused], the body is
// kept for as long as the run lasts, and one request each 15 to 30 s finds out when it is over.
// HTTPConfig.Pause reads from an answer that the endpoint wants this by itself, and for how long.
//
// With HTTPConfig.Probe those single requests carry a body without items, and an endpoint that is
// down is asked again each second even while it is silent. [HTTPSender.Verify] sends the same, and
// [HTTPSender.Wake] ends every wait.
//
// # The spool
//
// With HTTPConfig.Spool each body is on disk before it is sent; package sink/spool has the directory
// that is meant for it. A body that was put there is spooled in the ledger: a Flush has passed it, the
// end of the process does not lose it, and [pipeline.Pipeline.Run] does not call it lost. It comes out
// of that column when it has an end:
//
//	2xx                              removed, then delivered
//	refused for good, or MaxRetries  to the dead letters; failed: rejected, retries_exhausted
//	cut in two                       all pieces have an end, or the whole is sent again, under the same keys
//	damaged                          to quarantine; failed: quarantined
//	older than SpoolConfig.MaxAge    removed; failed: spool_expired
//	no room in SpoolConfig.MaxBytes  the oldest, or the new one, is removed; dropped: spool_full
//
// What senders have time for is sent from memory, within half of the run's bytes. The rest is read
// back when they are free, the oldest first, and always behind what is in memory: live data does not
// wait for a backlog. Memory does not grow with the backlog.
//
// While the store fails, bodies are sent from memory as without one: senders take no more than they
// can, so that the overflow policies of the pipeline reach what waits. HTTPStats.Spool.Err says why,
// OnEvent is told once, and the store is tried again each second.
//
// When the run is told to end, sending goes on as long as the endpoint takes what is sent. Once it
// counts as down, or the sending is paused, after a try in the drain, what is on disk stays there.
// When time is up, what is in memory alone is put there, for which there are 80 ms more
// ([pipeline.Inlet.LastCall]).
//
// # How many requests at once
//
// There are HTTPConfig.Senders at first. Their number doubles, and later grows by one at a time,
// while all are busy, bodies wait and answers come as fast as before. It shrinks by a quarter when
// the endpoint answers 429, 503 or 504, or not in time; and when answers come slower it shrinks to
// what the endpoint can work on at once, if a trial with half as many shows that fewer are answered
// faster. A body is in the hands of a sender through all its pauses. Once these have half of
// pipeline.Config.MaxBytes they take no more, so that an overflow policy has a choice.
//
// # The end of a run
//
// When the run is told to end, each body that waits for its next try is tried at once, and the
// others after it; the tries go on until everything is settled or the stages' context ends, at
// DrainTimeout or with the context of Shutdown. Then requests are cut off, and what they carried
// is abandoned, or stays spooled: the endpoint may have it or not, so it is never counted as delivered.
package sink
