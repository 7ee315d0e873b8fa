package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/child"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// through has the generator send to a pipeline of ours, which sends on to s: receive → redact → batch → encode → compress →
// send. It compares the pipeline's account with what was generated; play compares that of s.
func through(ctx context.Context, out io.Writer, c config, way string, s *child.Server) error {
	receiver, err := otlp.NewReceiver(otlp.ReceiverConfig{})
	if err != nil {
		return err
	}
	p := pipeline.New(pipeline.Config{Name: "collector", MaxBytes: 256 << 20, DrainTimeout: time.Minute})
	redacted := pipeline.Via(receiver.Spans(p), stages.Redact(stages.RedactConfig{}))
	batches := pipeline.Via(redacted, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 1000, MaxWait: time.Second}))
	bodies := pipeline.Via(batches, stages.Encode(otlp.Codec{}, stages.EncodeConfig{MaxBytes: 4 << 20}))
	packed := pipeline.Via(bodies, stages.Compress(stages.Zstd))
	sender := otlp.NewHTTP(otlp.HTTPConfig{
		Endpoint: s.URL(), Sink: sink.HTTPConfig{Header: http.Header{"Authorization": {"Bearer " + s.Token}}},
	})
	pipeline.To(packed, sender.Sink())

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: receiver, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true) // for gRPC
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	running, stop := context.WithCancel(ctx)
	defer stop()
	drained := make(chan error, 1)
	go func() { drained <- p.Run(running) }()

	err = errors.Join(generate(ctx, c, way, listener.Addr().String(), ""), server.Shutdown(ctx))
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	stop()
	err = errors.Join(err, <-drained)
	if err != nil {
		return err
	}
	got, l, want := receiver.Stats(), p.Ledger(), int64(c.spans)
	if l != (pipeline.Ledger{Accepted: want, Delivered: want}) || got.Accepted != want || len(got.Rejected) != 0 {
		return fmt.Errorf("%d spans were generated: the receiver says %+v, the ledger %+v", c.spans, got, l)
	}
	_, err = fmt.Fprintf(out, "%-4s  %-28s accepted %d, delivered %d, nothing else; %d spans were sent again after a 503\n", way, "  its ledger:", l.Accepted, l.Delivered, got.Returned)
	return err
}
