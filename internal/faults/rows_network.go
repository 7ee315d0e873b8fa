package faults

const retried = "retried; 0 lost, each span stored once; well again within the longest pause and a request"

var networkRows = Section{Title: "Network", Rows: []Row{
	{"net.refused", "nobody listens: connections are refused, those that there were are reset", retried, "sink", "TestNetworkFaultsOverSockets"},
	{"net.reset-before-body", "reset when the headers have arrived", retried, "sink", "TestNetworkFaultsOverSockets"},
	{"net.reset-mid-body", "reset in the middle of the body", retried, "sink", "TestNetworkFaultsOverSockets"},
	{"net.reset-after-body", "reset in place of an answer, nothing stored", retried, "sink", "TestNetworkFaultsOverSockets"},
	{"net.fin-mid-body", "closed, without a reset, in the middle of the body", retried, "sink", "TestNetworkFaultsOverSockets"},
	{"net.answer-lost", "stored, and reset in place of the answer", retried + ", by its Idempotency-Key", "sink", "TestNetworkFaultsOverSockets"},
	{"net.silent", "accepted, read, and never answered", retried, "sink", "TestNetworkFaultsOverSockets"},
	{"net.slow-read", "the body is read at 1 B/s", retried, "sink", "TestNetworkFaultsOverSockets"},
	{"net.slow-answer", "stored, and answered a byte each 100 ms", retried + ", by its Idempotency-Key", "sink", "TestNetworkFaultsOverSockets"},
	{"net.idle-closed", "the server closes connections while they are idle", "what meets that is retried; 0 lost", "sink", "TestNetworkFaultsOverSockets"},
	{"net.half-open", "connections kept alive are forgotten on the way, neither side is told", retried, "sink", "TestNetworkFaultsOverSockets"},
}}
