package faults

const retried = "retried; 0 lost, each span stored once; well again within the longest pause and a request"

const held = "shown at once, held, probed at the longest pause; 0 lost, each span stored once"

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
	{"net.black-hole", "a listener that never accepts, its backlog full: connections are neither made nor refused", retried, "sink", "TestNetworkFaultsOfLinux"},
	{"net.no-ports", "no local port is left", retried, "sink", "TestNetworkFaultsOfLinux"},
	{"net.no-files", "no file descriptor is left", retried, "sink", "TestNetworkFaultsOfLinux"},

	{"net.latency", "latency of 200 ms there and back, with a jitter of 100 ms", "0 lost, each span stored once", "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.slices", "writes cut to slices of 64 bytes, answers to 8", "0 lost, each span stored once", "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.bandwidth", "1 KB/s", retried, "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.reset-peer", "every answer becomes a reset", retried, "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.reset-peer-late", "a reset 100 ms into each request", retried, "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.swallowed", "what is sent goes nowhere, and the connection stays", retried, "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.swallowed-closed", "answers go nowhere, and the connection is closed after 100 ms", retried, "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.slow-close", "the end of a connection is told 300 ms late", "0 lost, each span stored once", "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.limit-data", "each connection ends after 500 bytes of request", retried, "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.limit-answer", "each connection ends after 10 bytes of answer", retried, "internal/toxic", "TestExporterBehindToxiproxy"},
	{"net.proxy-down", "the last hop goes away, and comes back at the same address", retried, "internal/toxic", "TestExporterBehindToxiproxy"},

	{"net.h2-goaway", "HTTP/2: GOAWAY in place of an answer", retried, "sink", "TestHTTP2Faults"},
	{"net.h2-rst-stream", "HTTP/2: RST_STREAM, an internal error", retried, "sink", "TestHTTP2Faults"},
	{"net.h2-refused-stream", "HTTP/2: RST_STREAM, refused", retried, "sink", "TestHTTP2Faults"},
	{"net.h2-ping-timeout", "HTTP/2: a connection is silent, and never answers a PING", "given up; " + retried, "sink", "TestHTTP2Faults"},

	{"net.dns-nxdomain", "the name is unknown", retried, "sink", "TestDNSFaults"},
	{"net.dns-servfail", "the resolver fails", retried, "sink", "TestDNSFaults"},
	{"net.dns-timeout", "the resolver is silent", retried, "sink", "TestDNSFaults"},
	{"net.dns-moved", "the name has another address, where nobody listens, and then again one that is well", retried, "sink", "TestDNSFaults"},

	{"net.tls-expired", "the certificate has expired", held, "sink", "TestTLSFaults"},
	{"net.tls-wrong-host", "the certificate is another host's", held, "sink", "TestTLSFaults"},
	{"net.tls-unknown-ca", "the certificate's authority is unknown", held, "sink", "TestTLSFaults"},
	{"net.tls-self-signed", "the certificate signs itself", held, "sink", "TestTLSFaults"},
	{"net.tls-1.1", "the server speaks nothing newer than TLS 1.1", held, "sink", "TestTLSFaults"},
	{"net.tls-client-certificate", "a client certificate is demanded, by TLS 1.3", held, "sink", "TestTLSFaults"},
	{"net.tls-1.2-client-certificate", "a client certificate is demanded, by TLS 1.2", held, "sink", "TestTLSFaults"},
	{"net.tls-stall", "the handshake is never answered", retried, "sink", "TestTLSFaults"},

	{"net.proxy-set", "HTTP_PROXY is set", "all goes by the proxy, with its password; 0 lost", "sink", "TestProxyVariables"},
	{"net.proxy-invalid", "HTTP_PROXY is no URL", "shown at once, without the password in it; held, and at the end accounted for", "sink", "TestProxyVariables"},
	{"net.proxy-invalid-port", "HTTP_PROXY has a port that is none", "shown at once, without the password in it; held, and at the end accounted for", "sink", "TestProxyVariables"},
	{"net.proxy-407", "the proxy answers 407", held, "sink", "TestProxyVariables"},
	{"net.proxy-connect-407", "the proxy answers CONNECT with 407", held, "sink", "TestProxyVariables"},
	{"net.proxy-connect-502", "the proxy answers CONNECT with 502", retried, "sink", "TestProxyVariables"},

	{"net.ten-seconds", "10 s of each fault that a request or a dial can meet, by a fake clock", "0 lost but what a 404 refuses; with a probe the first success ≤ 2 s after the end, ≤ the longest pause and a request where somebody had to act", "sink", "TestTenSecondsOfEachFault"},
	{"net.probing", "the endpoint is away for 5 min, by a fake clock", "one probe for all bodies each 1 s ± 50 %; its success wakes every sleeper", "sink", "TestProbeEndsAnOutage"},
	{"net.ten-minutes", "the endpoint is away for 10 min, more comes than there is room for, by a fake clock", "memory ≤ the byte budget + 10 %, losses exact", "observability", "TestTenMinutesOutage"},
}}
