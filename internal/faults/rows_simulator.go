package faults

var simulatorRows = Section{Title: "The simulator", Rows: []Row{
	{ID: "SIM-1", Fault: "random schedules of faults, no Close before the end", Expected: "0 lost: each accepted item is stored or told as lost, with a cause; what comes twice had an answer that got lost", Package: "internal/sim", Test: "TestSIM1"},
	{ID: "SIM-2", Fault: "the same, and Close at a random instant of each of eight states; the ninth, a spool being written, is a cell of the shutdown tables", Expected: "0 unaccounted; it returns within its deadline and 100 ms of fake time", Package: "internal/sim", Test: "TestSIM2"},
	{ID: "SIM-3", Fault: "the same, with a disk that is full or does not sync for a while, and the machine stops at a random call of its file system, up to three times", Expected: "0 acknowledged spans lost; the next process finds what the directory has", Package: "internal/sim", Test: "TestSIM3"},
	{ID: "SIM-4", Fault: "the last fault is over", Expected: "everything is delivered within the longest pause and twice the timeout, of fake time", Package: "internal/sim", Test: "TestSIM1"},
	{ID: "SIM-5", Fault: "twelve bugs, planted one at a time", Expected: "each is found in 10,000 schedules at most", Package: "internal/sim/planted", Test: "TestSIM5"},
	{ID: "SIM-6", Fault: "random steps: push, flush, pause, fail, heal, restart, close", Expected: "no difference to a list", Package: "internal/sim", Test: "TestSIM6"},
}}
