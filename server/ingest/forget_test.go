package ingest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
)

// held is a store whose Append waits to be let go.
type held struct {
	store.Store

	begun chan string
	let   chan struct{}
}

func (h held) Append(ctx context.Context, project string, b *store.Batch) (store.Result, error) {
	h.begun <- project
	<-h.let
	return h.Store.Append(ctx, project, b)
}

// A body that was on its way when its project was deleted leaves nothing behind.
func TestADeletedProjectStaysEmpty(t *testing.T) {
	h := held{memory.New(memory.Config{}), make(chan string, 1), make(chan struct{})}
	g := newRig(t, ingest.Config{Store: h})
	answers := make(chan string, 2)
	post := func(body io.Reader, n int64) {
		a, err := g.trySend("/ai/spans/publish", nil, func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(body), n })
		answers <- fmt.Sprintf("%d %v %v", a.status, a.header.Get("Retry-After"), err)
	}
	slow, in := io.Pipe()
	late := spans(3, 2)
	go post(slow, int64(len(late)))
	if _, err := in.Write(late[:10]); err != nil { // it was let in
		t.Fatal(err)
	}
	eventually(t, "the slow body is being read", func() bool { return g.server.Stats().Reading > 0 })
	early := spans(3, 1)
	go func() {
		a := g.send("/ai/spans/publish", early)
		answers <- fmt.Sprint(a.status)
	}()
	<-h.begun

	forgot := make(chan struct{})
	go func() {
		g.server.Forget("support")
		close(forgot)
	}()
	select {
	case <-forgot:
		t.Error("Forget did not wait for what is being stored")
	default:
	}
	h.let <- struct{}{}
	<-forgot
	if got := <-answers; got != "200" {
		t.Errorf("what was being stored: %s", got)
	}
	if err := h.DropProject(t.Context(), "support"); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(late[10:]); err != nil {
		t.Fatal(err)
	}
	_ = in.Close() // never fails
	if got := <-answers; got != "503 1 <nil>" {
		t.Errorf("what came late: %s", got)
	}
	if all := g.traces("support"); len(all) != 0 {
		t.Errorf("a deleted project has %+v", all)
	}
	// One of the same name, made later, takes what comes then.
	close(h.let)
	if a := g.send("/ai/spans/publish", early); a.status != 200 || len(g.traces("support")) != 1 {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
	<-h.begun
}
