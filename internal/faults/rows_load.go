package faults

var loadRows = Section{Title: "Clock and load", Rows: []Row{
	{
		ID: "load.clock.hour", Fault: "The server's clock and ours are an hour apart, on either side: dates in Retry-After",
		Expected: "no busy loop, no wait over max_backoff",
		Package:  "observability", Test: "TestClocksThatDisagree",
	},
	{
		ID: "load.clock.decade", Fault: "The clocks are ten years apart, on either side",
		Expected: "no busy loop, no wait over max_backoff",
		Package:  "observability", Test: "TestClocksThatDisagree",
	},
	{
		ID: "load.clock.jumps", Fault: "The clock is set forwards and backwards between tries, during retry sleeps",
		Expected: "no busy loop, no wait over max_backoff",
		Package:  "observability", Test: "TestClocksThatDisagree",
	},
	{
		ID: "load.clock.wall", Fault: "Our wall clock is set, which no test may do to a machine: where the wall clock matters at all",
		Expected: "span times unchanged, durations monotonic",
		Package:  ".", Test: "TestTheWallClockIsReadInFewPlaces",
	},
	{
		ID: "load.cpu.1", Fault: "GOMAXPROCS 1", Expected: "account exact, 0 lost",
		Package: "observability", Test: "TestOnAnyNumberOfProcessors",
	},
	{
		ID: "load.cpu.2", Fault: "GOMAXPROCS 2", Expected: "account exact, 0 lost",
		Package: "observability", Test: "TestOnAnyNumberOfProcessors",
	},
	{
		ID: "load.cpu.64", Fault: "GOMAXPROCS 64", Expected: "account exact, 0 lost",
		Package: "observability", Test: "TestOnAnyNumberOfProcessors",
	},
	{
		ID: "load.memory", Fault: "GOMEMLIMIT 64 MiB, and ten times what the endpoint takes",
		Expected: "no OOM, drops counted",
		Package:  "observability", Test: "TestOverloadInLittleMemory",
	},
	{
		ID: "load.suspended", Fault: "The process is suspended in an outage (SIGSTOP, SIGCONT), for longer than it would have gone on trying",
		Expected: "resumes, 0 lost",
		Package:  "observability", Test: "TestSuspended",
	},
	{
		ID: "load.slow.block", Fault: "A consumer 100 times slower than the producer, Block",
		Expected: "memory flat; waits, and honours ctx",
		Package:  "observability", Test: "TestASlowConsumer",
	},
	{
		ID: "load.slow.newest", Fault: "A consumer 100 times slower than the producer, DropNewest",
		Expected: "memory flat; drops counted exactly",
		Package:  "observability", Test: "TestASlowConsumer",
	},
	{
		ID: "load.slow.oldest", Fault: "A consumer 100 times slower than the producer, DropOldest",
		Expected: "memory flat; drops counted exactly",
		Package:  "observability", Test: "TestASlowConsumer",
	},
	{
		ID: "load.producers", Fault: "10,000 goroutines push, for 60 s under the race detector (three spans each in CI)",
		Expected: "0 reports, account exact",
		Package:  "observability", Test: "TestTenThousandProducers",
	},
	{
		ID: "load.herd", Fault: "1,000 clients fail together (150 in CI)",
		Expected: "at most 5 % of the retries in any 100 ms",
		Package:  "sink", Test: "TestManyClientsFailTogether",
	},
	{
		ID: "load.days", Fault: "72 h of fake time, with outages, lost answers and pauses",
		Expected: "heap slope at most 1 MiB/h, goroutines constant",
		Package:  "observability", Test: "TestThreeDays",
	},
	{
		ID: "load.soak", Fault: "An endpoint that fails now and then, on real sockets, for 30 min (a moment in CI)",
		Expected: "0 lost; heap slope at most 1 MiB/h, goroutines and files constant",
		Package:  "observability", Test: "TestSoak",
	},
}}
