package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	storetest.Run(t, func(o storetest.Options) (store.Store, error) {
		return memory.New(memory.Config{Now: o.Now, Limits: func(string) store.Limits { return o.Limits }}), nil
	})
}
