package observability_test

import (
	"testing"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func TestCloudExporterDelivers(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		for i := range 2500 {
			r.export(numbered(i))
		}
		r.stop()
		r.stored(2500)
		r.account(pipeline.Ledger{Accepted: 2500, Delivered: 2500})
		t.Log(r.log.String())
		if n := len(c.Requests()); n != 3 {
			t.Errorf("%d requests for 2500 spans", n)
		}
	})
}
