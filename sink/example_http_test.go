package sink_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// bodies is a source of encoded bodies; a real pipeline has stages.Encode for that.
func bodies(all ...*pipeline.Body) pipeline.Source[*pipeline.Body] {
	return pipeline.SourceFunc[*pipeline.Body](func(_ context.Context, out *pipeline.Outlet[*pipeline.Body]) error {
		for _, body := range all {
			if err := out.Send(body); err != nil {
				return err
			}
		}
		return nil
	})
}

func ExampleHTTP() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()

	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, bodies(spans(1, 3, 10), spans(4, 5, 10))), sink.HTTP(collector.URL()))
	fmt.Println(p.Run(context.Background()))
	fmt.Println(p.Ledger().Delivered, "delivered,", collector.Len(), "stored")
	// Output:
	// <nil>
	// 5 delivered, 5 stored
}

// The endpoint is not well, then wants another token, and at last accepts: nothing is lost, and
// each change of state is told.
func ExampleNewHTTP() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	collector.Script(sinktest.Status(503), sinktest.Status(502), sinktest.Status(401))

	sender := sink.NewHTTP(sink.HTTPConfig{
		Endpoint: collector.URL() + "/ai/spans/publish",
		Authorize: func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+"renewed for each try")
			return nil
		},
		Retry: sink.RetryConfig{Min: time.Millisecond, Max: 10 * time.Millisecond},
		OnState: func(s sink.HTTPState) {
			fmt.Println(s.Mode, s.Err)
		},
	})
	p := pipeline.New(pipeline.Config{DrainTimeout: 10 * time.Second})
	pipeline.To(pipeline.From(p, bodies(spans(1, 3, 10))), sender.Sink(), pipeline.OnError(pipeline.Skip))
	fmt.Println(p.Run(context.Background()))

	stats := sender.Stats()
	fmt.Println(stats.Requests, "requests,", stats.Retries, "retries,", p.Ledger().Delivered, "delivered")
	// Output:
	// retrying sink: the endpoint answered 502 Bad Gateway
	// paused sink: the endpoint answered 401 Unauthorized
	// sending <nil>
	// <nil>
	// 4 requests, 3 retries, 3 delivered
}

func ExampleStatusError() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	collector.Set(sinktest.Respond(422, "no span has a name", "Content-Type", "text/plain"))

	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, bodies(spans(1, 3, 10))), sink.HTTP(collector.URL()), pipeline.OnError(pipeline.Skip))
	err = p.Run(context.Background())

	var loss *pipeline.LossError
	if errors.As(err, &loss) {
		lost := loss.Losses[0]
		fmt.Println(lost.Items, lost.Column, lost.Reason)
		fmt.Println(lost.Err)
		fmt.Println(errors.Is(lost.Err, sink.ErrPermanent))
	}
	// Output:
	// 3 failed rejected
	// sink: the endpoint answered 422 Unprocessable Entity: no span has a name
	// true
}

// An endpoint may accept a body and reject some of its spans. What the sender does can be watched.
func ExampleHTTPSender_Stats() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	collector.Script(sinktest.PartialSuccess(1, "no such project"))

	var sender *sink.HTTPSender = sink.NewHTTP(sink.HTTPConfig{Endpoint: collector.URL()})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, bodies(spans(1, 3, 10))), sender.Sink())
	err = p.Run(context.Background())

	var loss *pipeline.LossError
	var rejected *sink.RejectedError
	if errors.As(err, &loss) && errors.As(loss.Losses[0].Err, &rejected) {
		fmt.Println(rejected.Items, "of", loss.Ledger.Accepted, "rejected:", rejected.Message)
	}
	var stats sink.HTTPStats = sender.Stats()
	var mode sink.HTTPMode = stats.State.Mode
	var tries sink.HTTPTries = stats.Tries
	fmt.Println(mode, "after", stats.Requests, "request,", tries.Accepted, "accepted")
	// Output:
	// 1 of 3 rejected: no such project
	// sending after 1 request, 1 accepted
}

// With a probe the endpoint can be tried before anything is sent. What becomes of each body can
// be logged.
func ExampleHTTPSender_Verify() {
	collector, err := sinktest.Listen(sinktest.Config{AcceptEncoding: "gzip, zstd;q=0.9"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	collector.Script(sinktest.Status(401))

	sender := sink.NewHTTP(sink.HTTPConfig{
		Endpoint:    collector.URL(),
		Probe:       []byte(`{"spans":[]}`),
		OnEncodings: func(encodings []string) { fmt.Println("the endpoint takes", encodings) },
		OnResult: func(r sink.HTTPResult) {
			fmt.Println(r.Items, "items:", r.Status, "after", r.Tries, "try,", r.Err)
		},
	})
	fmt.Println(sender.Verify(context.Background()))
	fmt.Println(sender.Verify(context.Background()))

	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, bodies(spans(1, 3, 10))), sender.Sink())
	fmt.Println(p.Run(context.Background()))
	// Output:
	// the endpoint takes [gzip zstd]
	// sink: the endpoint answered 401 Unauthorized
	// <nil>
	// 3 items: 200 after 1 try, <nil>
	// <nil>
}
