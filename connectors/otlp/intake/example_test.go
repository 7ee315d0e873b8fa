package intake_test

import (
	"fmt"
	"strings"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

func Example() {
	limits, err := intake.Limits{MaxBodyBytes: 20}.WithDefaults()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, sent := range []string{"short enough", strings.Repeat("x", 21)} {
		body, err := intake.Body(strings.NewReader(sent), "", limits)
		if err != nil {
			fmt.Println(intake.Status(err), intake.AcceptEncoding)
			continue
		}
		fmt.Printf("%s\n", body)
	}
	// Output:
	// short enough
	// 413 gzip, zstd
}

func ExampleLimits_Fit() {
	limits, err := intake.Limits{MaxStringBytes: 8}.WithDefaults()
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &span.Span{TraceID: "A1", ID: "F", Name: "support desk"}
	cut, _, _ := limits.Fit(s)
	fmt.Println(s.TraceID, s.ID, s.Name, cut)
	_, field, reason := limits.Fit(&span.Span{TraceID: "none", ID: "2"})
	fmt.Println(intake.Rejection{Field: field, Reason: reason})
	// Output:
	// 000000000000000000000000000000a1 000000000000000f support …[truncated] true
	// decode: traceId: trace_id
}
