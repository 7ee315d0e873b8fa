package exporters

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if collector, err := shared(); err == nil {
		if err := collector.Close(); err != nil && code == 0 {
			fmt.Println(err)
			code = 1
		}
	}
	// OpenTelemetry's exporters leave connections open that nobody uses any more.
	err := goleak.Find(goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
	if err != nil && code == 0 {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}
