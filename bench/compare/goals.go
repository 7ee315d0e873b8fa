package main

// What is asked of the jobs, in the order in which it is reported. It is wall time where a goal says time: CPU time, which
// moves less, is beside it in the table.
var goals = []goal{
	most("J1 by value, the public API", "J1", "tailrace", "loop-funcs", "ns/item", 1.1),
	most("J1 in place", "J1", "tailrace-inplace", "loop", "ns/item", 1.2),
	most("J1, against channels", "J1", "tailrace", "chan64", "ns/item", 0.29),
	most("J1, against samber/ro", "J1", "tailrace", "ro", "ns/item", 0.25),
	least("J1, 5 times as fast as golem", "J1", "golem", "tailrace", "ns/item", 5),
	most("J2 by value", "J2", "tailrace", "loop-funcs", "ns/item", 1.2),
	most("J2 in place", "J2", "tailrace-inplace", "loop", "ns/item", 0.7),
	most("J2, a goroutine a stage", "J2", "tailrace-async", "chan64", "ns/item", 0.23),
	most("J3, unordered", "J3u", "tailrace", "split", "ns/item", 1.15),
	most("J3, ordered", "J3o", "tailrace", "chan64", "ns/item", 0.6),
	least("J3, ordered, 3 times as fast as conc/stream", "J3o", "conc-stream", "tailrace", "ns/item", 3),
	most("J4, 1 producer", "J4/producers=1", "tailrace", "chan64", "ns/item", 0.25),
	most("J4, 8 producers", "J4/producers=8", "tailrace", "chan64", "ns/item", 0.25),
	most("J4, 64 producers", "J4/producers=64", "tailrace", "chan64", "ns/item", 0.25),
	most("J4, 1 producer, in place", "J4/producers=1", "tailrace-inplace", "chan64", "ns/item", 0.25),
	most("J4, 8 producers, in place", "J4/producers=8", "tailrace-inplace", "chan64", "ns/item", 0.25),
	most("J4, 64 producers, in place", "J4/producers=64", "tailrace-inplace", "chan64", "ns/item", 0.25),
	most("J5", "J5", "tailrace", "chan64", "ns/item", 0.4),
	most("J5, in place", "J5", "tailrace-inplace", "chan64", "ns/item", 0.4),
	most("idle, fused", "Idle", "tailrace", "chan0", "p50-ns", 1.1),
	most("idle, a goroutine a stage", "Idle", "tailrace-async", "chan0", "p50-ns", 1.2),
	most("no allocation an item, J1", "J1", "tailrace", "", "allocs/item", built),
	most("no allocation an item, J2", "J2", "tailrace", "", "allocs/item", built),
	most("no allocation an item, J3, unordered", "J3u", "tailrace", "", "allocs/item", built),
	most("no allocation an item, J3, ordered", "J3o", "tailrace", "", "allocs/item", built),
	most("no allocation an item, J4, 8 producers", "J4/producers=8", "tailrace", "", "allocs/item", built),
	most("no allocation an item, J5", "J5", "tailrace", "", "allocs/item", built),

	most("hand-off, 1 producer", "HandOff/producers=1", "tailrace", "bsp", "ns/span", 0.7),
	most("hand-off, 8 producers", "HandOff/producers=8", "tailrace", "bsp", "ns/span", 0.3),
	most("hand-off, 64 producers", "HandOff/producers=64", "tailrace", "bsp", "ns/span", 0.3),
	most("hand-off, p99, 1 producer", "HandOff/producers=1", "tailrace", "bsp", "p99-ns", 1),
	most("hand-off, p99, 8 producers", "HandOff/producers=8", "tailrace", "bsp", "p99-ns", 1),
	most("hand-off, p99, 64 producers", "HandOff/producers=64", "tailrace", "bsp", "p99-ns", 1),
	most("no allocation a hand-off, 1 producer", "HandOff/producers=1", "tailrace", "", "allocs/span", built),
	most("no allocation a hand-off, 8 producers", "HandOff/producers=8", "tailrace", "", "allocs/span", built),
	most("no allocation a hand-off, 64 producers", "HandOff/producers=64", "tailrace", "", "allocs/span", built),
	most("OnEnd, 1 producer", "OnEnd/producers=1", "tailrace", "bsp", "ns/span", 0.7),
	most("OnEnd, 8 producers", "OnEnd/producers=8", "tailrace", "bsp", "ns/span", 0.3),
	most("OnEnd, 64 producers", "OnEnd/producers=64", "tailrace", "bsp", "ns/span", 0.3),
	most("no allocation an OnEnd, 1 producer", "OnEnd/producers=1", "tailrace", "", "allocs/span", built),
	most("no allocation an OnEnd, 8 producers", "OnEnd/producers=8", "tailrace", "", "allocs/span", built),
	most("no allocation an OnEnd, 64 producers", "OnEnd/producers=64", "tailrace", "", "allocs/span", built),
	most("blocking loses nothing, 8 producers", "Bounded/policy=block,producers=8", "tailrace", "", "lost-%", 0),
	most("blocking loses nothing, 64 producers", "Bounded/policy=block,producers=64", "tailrace", "", "lost-%", 0),

	least("end to end, none, against BSP", plain, "tailrace", "bsp", "spans/s", 4),
	least("end to end, none, against exporterhelper", plain, "tailrace", "exporterhelper", "spans/s", 2.2),
	most("CPU, none, against BSP", plain, "tailrace", "bsp", "cpu-µs/span", 0.3),
	least("share of the limit, none", plain, "tailrace", "reference", "spans/s", 0.8),
	most("CPU of the limit, none", plain, "tailrace", "reference", "cpu-µs/span", 1.2),
	most("allocations, none", plain, "tailrace", "", "allocs/span", 0.05),
	most("nothing lost, none", plain, "tailrace", "", "lost", 0),
	least("end to end, zstd, against BSP with gzip", compressed, "tailrace", "bsp-gzip", "spans/s", 8),
	least("end to end, zstd, against exporterhelper with gzip", compressed, "tailrace", "exporterhelper-gzip", "spans/s", 4.8),
	most("CPU, zstd, against BSP with gzip", compressed, "tailrace", "bsp-gzip", "cpu-µs/span", 0.25),
	most("wire, zstd, against BSP with gzip", compressed, "tailrace", "bsp-gzip", "wire-B/span", 1),
	most("wire, gzip, against BSP with gzip", "EndToEnd/compression=gzip,batch=1000", "tailrace", "bsp", "wire-B/span", 1.1),
	least("share of the limit, zstd", compressed, "tailrace", "reference", "spans/s", 0.8),
	most("CPU of the limit, zstd", compressed, "tailrace", "reference", "cpu-µs/span", 1.2),
	least("share of the limit, zstd, both at the level that keeps to BSP's bytes", compressed, "tailrace", "reference-same-level", "spans/s", 0.8),
	most("CPU of the limit, zstd, both at that level", compressed, "tailrace", "reference-same-level", "cpu-µs/span", 1.2),
	most("allocations, zstd", compressed, "tailrace", "", "allocs/span", 0.05),
	most("nothing lost, zstd", compressed, "tailrace", "", "lost", 0),

	most("memory, endpoint refuses", "Outage/endpoint=refuse", "tailrace", "", "heap-MiB", budget),
	most("memory, endpoint answers 503", "Outage/endpoint=503", "tailrace", "", "heap-MiB", budget),
	most("memory, endpoint hangs", "Outage/endpoint=hang", "tailrace", "", "heap-MiB", budget),
	most("Shutdown of 5 s, endpoint hangs", "Outage/endpoint=hang", "tailrace", "", "shutdown-s", 5.05),
	most("nothing lost without a word, endpoint refuses", "Outage/endpoint=refuse", "tailrace", "", "silently-lost", 0),
	most("nothing lost without a word, endpoint answers 503", "Outage/endpoint=503", "tailrace", "", "silently-lost", 0),
	most("nothing lost without a word, endpoint hangs", "Outage/endpoint=hang", "tailrace", "", "silently-lost", 0),
}

// built is what building and tearing down may show as in allocations an item: 320 in the smallest run, of 32 000.
const built = 0.01

// plain is the job end to end without compression.
const plain = "EndToEnd/compression=none,batch=1000"

// budget is what the heap may grow by while an endpoint is away: the 16 MiB that are configured, and a tenth.
const budget = 17.6
