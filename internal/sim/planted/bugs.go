package main

import "github.com/tailrace-go/tailrace/internal/planted"

// A bug is one that a simulator has to find, and the modes that it shows in, the quickest first.
type bug struct {
	planted.Bug
	modes []string
}

// bugs are those of the table of faults, SIM-5.
var bugs = []bug{
	{planted.Bug{
		Name: "the last partial batch is dropped",
		File: "stages/batch.go",
		Old:  "\t\tin.OnMark(send)\n\t\tvar item T",
		New:  "\t\tin.OnMark(func() error { g.take(); return nil })\n\t\tvar item T",
	}, []string{"sim1"}},
	{planted.Bug{
		Name: "4xx are retried",
		File: "sink/status.go",
		Old:  "has them treated as 5xx\n\t\t}\n\t\treturn rejected\n",
		New:  "has them treated as 5xx\n\t\t}\n\t\treturn retry\n",
	}, []string{"sim1"}},
	{planted.Bug{
		Name: "there is no retry after a reset",
		File: "sink/http_post.go",
		Old:  "a client certificate demanded, …\n\t}\n\treturn retry\n",
		New:  "a client certificate demanded, …\n\t}\n\treturn rejected\n",
	}, []string{"sim1"}},
	{planted.Bug{
		Name: "pauses have no jitter",
		File: "sink/retry.go",
		Old:  "\treturn time.Duration(rng.Int64N(int64(b.ForAttempt(float64(n))) + 1))\n",
		New:  "\treturn b.ForAttempt(float64(n))\n",
	}, []string{"sim1"}},
	{planted.Bug{
		Name: "a link is closed under a producer",
		File: "pipeline/mark.go",
		Old:  "\tif all == noMark {\n",
		New:  "\tif num == noMark {\n",
	}, []string{"sim1", "sim2"}},
	{planted.Bug{
		Name: "a 307 loses its items, without an error",
		File: "sink/status.go",
		Old:  "\t\tcase code >= 300 && code < 400:\n\t\t\treturn held\n",
		New:  "\t\tcase code >= 300 && code < 400:\n\t\t\treturn accepted\n",
	}, []string{"sim1"}},
	{planted.Bug{
		Name: "a body is acknowledged twice",
		File: "sink/http_result.go",
		Old:  "\tcase o.refused == 0:\n\t\tr.in.Delivered(body)\n",
		New:  "\tcase o.refused == 0:\n\t\tr.in.Delivered(body)\n\t\tif r.gate.waiting() > 0 {\n\t\t\tr.in.DeliveredN(items)\n\t\t}\n",
	}, []string{"sim1"}},
	{planted.Bug{
		Name: "a counter is off by one",
		File: "sink/http_result.go",
		Old:  "\tr.in.FailedN(o.refused, ",
		New:  "\tr.in.FailedN(o.refused-1, ",
	}, []string{"sim1"}},
	{planted.Bug{
		Name: "the pause before a retry ignores the context",
		File: "sink/retry_gate.go",
		Old:  "\tcase <-t.wake:\n\tcase <-ctx.Done():\n",
		New:  "\tcase <-t.wake:\n",
	}, []string{"sim2"}},
	{planted.Bug{
		Name: "a batch is acknowledged before its fsync",
		File: "sink/spool/put.go",
		Old:  "\tfile, err := d.write(to, e, pieces[:], syncs, syncs)\n",
		New:  "\tfile, err := d.write(to, e, pieces[:], false, syncs)\n",
	}, []string{"sim3"}},
	{planted.Bug{
		Name: "the fsync of the directory is forgotten",
		File: "sink/spool/put.go",
		Old:  "\tfile, err := d.write(to, e, pieces[:], syncs, syncs)\n",
		New:  "\tfile, err := d.write(to, e, pieces[:], syncs, false)\n",
	}, []string{"sim3"}},
	{planted.Bug{
		Name: "a file is unlinked before its delivery",
		File: "sink/http_spool.go",
		Old:  "\tsp.held += p.held.charge\n\tsp.live",
		New:  "\t_ = sp.store.Remove(p.held.entry)\n\tsp.held += p.held.charge\n\tsp.live",
	}, []string{"sim3"}},
}
