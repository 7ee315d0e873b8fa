package faults

var loadRows = Section{Title: "Clock and load", Rows: []Row{
	{
		ID: "load.soak", Fault: "An endpoint that fails now and then, on real sockets, for 30 min (a moment in CI)",
		Expected: "0 lost; heap slope at most 1 MiB/h, goroutines and files constant",
		Package:  "observability", Test: "TestSoak",
	},
}}
