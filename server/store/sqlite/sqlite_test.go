package sqlite_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
	"github.com/tailrace-go/tailrace/server/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(o storetest.Options) (store.Store, error) {
	return sqlite.Open(sqlite.Config{
		Dir: o.Dir, Sync: "NORMAL", Now: o.Now, RetainEvery: -1,
		Limits: func(string) store.Limits { return o.Limits },
	})
}

func openPlain(o storetest.Options) (store.Store, error) {
	return memory.New(memory.Config{Now: o.Now, Limits: func(string) store.Limits { return o.Limits }}), nil
}

func TestConformance(t *testing.T) { storetest.Run(t, open) }

func TestAgainstAPlainList(t *testing.T) { storetest.Model(t, open, openPlain) }

func TestAgainstAPlainListInSmallSteps(t *testing.T) {
	defer sqlite.Small()()
	storetest.Model(t, open, openPlain)
}
