package ingest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

func Example() {
	dir, err := os.MkdirTemp("", "ingest")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system clears it in the end
	db, err := meta.Open(meta.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }() // nothing is written any more
	if _, err := db.CreateProject(context.Background(), "support", store.Limits{}); err != nil {
		fmt.Println(err)
		return
	}
	_, token, err := db.CreateToken(context.Background(), meta.Token{Project: "support", Scope: meta.ScopeIngest})
	if err != nil {
		fmt.Println(err)
		return
	}

	server, err := ingest.New(ingest.Config{Store: memory.New(memory.Config{}), Limits: intake.Limits{MaxBodyBytes: 1 << 20}})
	if err != nil {
		fmt.Println(err)
		return
	}
	router, err := access.NewRouter(access.Config{DB: db}, server.Routes()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Run(ctx) }()

	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/ai/spans/publish", strings.NewReader(`{"spans":[
		{"traceId":"a1","spanId":"1","name":"support","spanType":"agent_run"},
		{"traceId":"no-op-trace","spanId":"2","parentSpanId":"no-op","name":"unsampled"}]}`))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)

	stop()
	fmt.Println(<-done)
	account := server.Stats().Signals[ingest.Spans]
	fmt.Println(account.Received, "=", account.Stored, "+", account.Repeated, "+", account.Rejected)
	// Output:
	// 200 {"accepted":2,"stored":1,"repeated":0,"rejected":{"no_op":1},"partialSuccess":{"rejectedSpans":1,"errorMessage":"1 no_op; the first is record 1: traceId: no_op"}}
	// <nil>
	// 2 = 1 + 0 + map[no_op:1]
}
