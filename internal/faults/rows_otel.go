package faults

// otelRows are the faults in which OpenTelemetry-Go was measured: sdk and otlptracehttp v1.47.0 at
// their defaults, with the same batch timeout; 2,000 spans, one each 2 ms; faulty for the first 2 s.
var otelRows = Section{Title: "What OpenTelemetry-Go lost: 2 s of fault, 2,000 spans", Rows: []Row{
	otel("none", "none", "0 lost"),
	otel("429", "429", "0 lost"),
	otel("502", "502", "0 lost"),
	otel("503", "503", "0 lost"),
	otel("retry-after-malformed", "503 with `Retry-After: soon`", "0 lost"),
	otel("refused", "connections are refused", "0 lost"),
	otel("reset", "connections are reset on accept", "0 lost"),
	otel("eof", "the connection ends after the body, without an answer", "0 lost"),
	otel("answer-lost", "stored, then reset: the answer is lost", "0 lost, stored once, reported as delivered"),
	otel("307", "307 to another host", "0 lost; nothing goes to the other host"),
	otel("404", "404", "final, so what met it is failed, and reported"),
	otel("408", "408", "0 lost"),
	otel("413", "413 above 256 KiB of body, for ever", "0 lost: bodies are cut"),
	otel("500", "500", "0 lost"),
	otel("200-2GiB", "200 with a body of 2 GiB, nothing stored", "a 200 is an acceptance: delivered, and no more than 64 KiB of it read"),
	otel("retry-after-huge", "503 with `Retry-After: 999999999`", "0 lost: clamped to the longest pause"),
	otel("black-hole", "black hole: connections are neither accepted nor refused", "0 lost"),
}}

func otel(id, fault, expected string) Row {
	return Row{"otel." + id, fault, expected, "observability", "TestFaultTable"}
}
