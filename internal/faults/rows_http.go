package faults

var httpRows = Section{Title: "HTTP answers", Rows: []Row{
	httpRow("1xx", "1xx but 101", "passed over", "TestEveryStatusHasItsFate"),
	httpRow("1xx-flood", "103 without end", "its headers count against the 64 KiB that headers may have: no answer, tried again", "TestAnswersAreReadInBounds"),
	httpRow("101", "101", "final: failed, never retried", "TestEveryStatusHasItsFate"),
	httpRow("2xx", "any 2xx, without a body, with a small and a huge one", "delivered, once", "TestEveryStatusHasItsFate"),
	httpRow("2xx-html", "2xx with a web page: a captive portal, a login page", "no acceptance: held", "TestWebPageIsNoAcceptance"),
	httpRow("partial", "2xx with a partial success", "the rejected items are failed, with the message", "TestPartialSuccess"),
	httpRow("3xx", "any 3xx", "never followed: neither token nor body goes elsewhere; held, and shown with the host of Location", "TestEveryStatusHasItsFate"),
	httpRow("held", "401, 402, 403, 407", "held: somebody has to act", "TestEveryStatusHasItsFate"),
	httpRow("retry", "408, 425, 429, all 5xx but 501 and 505", "tried again", "TestEveryStatusHasItsFate"),
	httpRow("413", "413 above a limit that the server does not tell", "bodies are halved, and the limit is learned: 0 lost", "TestTooLargeIsHalvedAndLearned"),
	httpRow("413-one", "413 to one item alone", "that item is failed: too_large, no other", "TestOneItemTooLargeFailsAlone"),
	httpRow("415", "415 or 400 to a compressed body", "that body again, plain, and all later ones plain", "TestCompressionIsGivenUp"),
	httpRow("415-plain", "415 to a plain body", "final: failed, never retried", "TestCompressionIsGivenUp"),
	httpRow("400", "400 when compressed bodies were accepted before, or to a body that is bad when plain", "final: failed, never retried", "TestCompressionIsGivenUp"),
	httpRow("rejected", "400 to a plain body, 404, 405, 410, 422, 501, 505, other 4xx", "final: failed, never retried", "TestEveryStatusHasItsFate"),
	httpRow("retry-after", "`Retry-After` negative, empty, 1e30, NaN, of 1970 or 9999, twice, 64 KiB long", "ignored or clamped: no pause is longer than the longest", "TestRetryAfterIsClampedOrIgnored"),
	httpRow("200-10GiB", "200 with a body of 10 GiB", "delivered, once; memory as usual, and 1 MiB at most", "TestAnswersAreReadInBounds"),
	httpRow("200-endless", "200 with chunks without end", "the same", "TestAnswersAreReadInBounds"),
	httpRow("200-slow", "200 with a byte each 10 s", "the same; ends at its timeout", "TestAnswersAreReadInBounds"),
	httpRow("200-gzip-bomb", "200 with a gzip bomb of 1 GiB", "the same; never inflated", "TestAnswersAreReadInBounds"),
	httpRow("200-length", "200 with a wrong Content-Length", "the same", "TestAnswersAreReadInBounds"),
	httpRow("200-chunks", "200 with invalid chunks", "the same", "TestAnswersAreReadInBounds"),
	httpRow("200-header", "200 with a header of 1 MiB", "no answer, tried again; memory as usual, and 1 MiB at most", "TestAnswersAreReadInBounds"),
	httpRow("200-headers", "200 with headers without end", "the same", "TestAnswersAreReadInBounds"),
	httpRow("200-slow-header", "200 with a header byte by byte, without end", "the same; ends at its timeout", "TestAnswersAreReadInBounds"),
}}

func httpRow(id, fault, expected, test string) Row {
	return Row{"http." + id, fault, expected, "sink", test}
}
