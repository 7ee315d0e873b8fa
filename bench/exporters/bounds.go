package exporters

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// What each part of the work takes on one core, so that a total can be held against the sum.
const (
	boundSpans  = 1000 // in the one batch that is encoded, or compressed
	encodeLasts = 150 * time.Millisecond
	packRounds  = 2
)

func boundJobs() []*Job {
	encode := &Job{Name: "Encode", Base: "reference", Figures: []string{"ns/span", "MB/s", "allocs/span"}}
	for _, e := range encoders {
		encode.Impls = append(encode.Impls, Impl{e.name, func() ([]float64, error) { return runEncode(e.make, encodeLasts) }})
	}
	pack := &Job{Name: "Compress", Base: "stdlib-gzip-6", Figures: []string{"ns/span", "MB/s", "ratio"}}
	for _, c := range codecs {
		pack.Impls = append(pack.Impls, Impl{c.name, func() ([]float64, error) { return runPack(c.make, boundSpans, packRounds) }})
	}
	post := &Job{Name: "Post", Base: "64KiB", Figures: []string{"MB/s", "cpu-µs/MB", "cpu-µs/request"}}
	for _, size := range []struct {
		name  string
		bytes int
	}{{"64KiB", 64 << 10}, {"1MiB", 1 << 20}, {"2.7MB", 2_700_000}} {
		post.Impls = append(post.Impls, Impl{size.name, func() ([]float64, error) { return runPost(size.bytes, postBytes) }})
	}
	return []*Job{encode, pack, post}
}

var encoders = []struct {
	name string
	make func(p *payload) func(buf []byte) ([]byte, error)
}{
	{"tailrace", encodeOurs(false)},
	{"tailrace-freeze", encodeOurs(true)},
	{"reference", encodeReference},
	{"pdata", encodePdata},
	{"bsp", encodeSDK},
}

// runEncode writes the same batch again and again for that long, into the same buffer where the encoder lets it.
func runEncode(begin func(p *payload) func(buf []byte) ([]byte, error), lasts time.Duration) ([]float64, error) {
	p, err := pool()
	if err != nil {
		return nil, err
	}
	encode := begin(p)
	buf, err := encode(nil)
	if err != nil {
		return nil, err
	}
	rounds := 0
	spent, err := measure(func() error {
		for start := time.Now(); rounds == 0 || time.Since(start) < lasts; rounds++ {
			if buf, err = encode(buf[:0]); err != nil {
				return err
			}
		}
		return nil
	})
	n := float64(rounds * boundSpans)
	return []float64{
		float64(spent.wall.Nanoseconds()) / n, float64(rounds*len(buf)) / 1e6 / spent.wall.Seconds(), float64(spent.allocs) / n,
	}, err
}

// encodeOurs is package span's wire. With freeze the values are checked first, which End does once for each span.
func encodeOurs(freeze bool) func(p *payload) func(buf []byte) ([]byte, error) {
	return func(p *payload) func(buf []byte) ([]byte, error) {
		records := slices.Clone(p.records[:boundSpans])
		return func(buf []byte) (_ []byte, err error) {
			buf = span.V1.AppendOpen(buf)
			for i, s := range records {
				if freeze {
					s = s.Clone()
					s.Freeze()
				}
				if buf, err = span.V1.AppendItem(buf, s, i == 0); err != nil {
					return nil, err
				}
			}
			return span.V1.AppendClose(buf), nil
		}
	}
}

func encodeReference(p *payload) func(buf []byte) ([]byte, error) {
	return func(buf []byte) ([]byte, error) { return appendBody(buf, p.records, 0, boundSpans), nil }
}

// encodePdata is what the Collector's exporter does with spans that are in one ptrace.Traces already.
func encodePdata(p *payload) func(buf []byte) ([]byte, error) {
	all := ptrace.NewTraces()
	for i := range boundSpans {
		p.calls[i].traces().ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	return func([]byte) ([]byte, error) { return (&ptrace.ProtoMarshaler{}).MarshalTraces(all) }
}

// encodeSDK is what BatchSpanProcessor's exporter does: a tree of protobuf messages is built from the snapshots, and
// marshalled.
func encodeSDK(p *payload) func(buf []byte) ([]byte, error) {
	client := new(marshals)
	e := otlptrace.NewUnstarted(client)
	return func([]byte) ([]byte, error) {
		err := e.ExportSpans(context.Background(), p.snapshots[:boundSpans])
		return client.body, err
	}
}

// marshals is a client of otlptrace that goes as far as the body.
type marshals struct{ body []byte }

func (*marshals) Start(context.Context) error { return nil }
func (*marshals) Stop(context.Context) error  { return nil }

func (m *marshals) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) (err error) {
	m.body, err = proto.Marshal(&coltracepb.ExportTraceServiceRequest{ResourceSpans: spans})
	return err
}

// A packer appends plain, compressed, to dst.
type packer = func(dst, plain []byte) ([]byte, error)

var codecs = []struct {
	name string
	make func() (packer, error)
}{
	{"tailrace-gzip", func() (packer, error) { return stages.Gzip.Append, nil }},
	{"tailrace-zstd", func() (packer, error) { return stages.Zstd.Append, nil }},
	{"stdlib-gzip-1", func() (packer, error) { return packStdlib(stdgzip.BestSpeed) }},
	{"stdlib-gzip-6", func() (packer, error) { return packStdlib(6) }},
	{"gzip-1", func() (packer, error) { return packGzip(gzip.BestSpeed) }},
	{"gzip-3", func() (packer, error) { return packGzip(3) }},
	{"gzip-6", func() (packer, error) { return packGzip(6) }},
	{"zstd-fastest", func() (packer, error) { return packZstd(zstd.SpeedFastest) }},
	{"zstd-default", func() (packer, error) { return packZstd(zstd.SpeedDefault) }},
	{"zstd-better", func() (packer, error) { return packZstd(zstd.SpeedBetterCompression) }},
}

func packStdlib(level int) (packer, error) {
	w, err := stdgzip.NewWriterLevel(nil, level)
	return packStream(w), err
}

// runPack compresses the batch as JSON, and checks that it can be had back.
func runPack(begin func() (packer, error), spans, rounds int) ([]float64, error) {
	p, err := pool()
	if err != nil {
		return nil, err
	}
	plain := appendBody(nil, p.records, 0, spans)
	pack, err := begin()
	if err != nil {
		return nil, err
	}
	packed, err := pack(nil, plain)
	if err != nil {
		return nil, err
	}
	spent, err := measure(func() error {
		for range rounds {
			if packed, err = pack(packed[:0], plain); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	encoding := "zstd"
	if bytes.HasPrefix(packed, []byte{0x1f, 0x8b}) {
		encoding = "gzip"
	}
	back, err := body{encoding: encoding, data: packed}.plain()
	if err == nil && !bytes.Equal(back, plain) {
		err = errors.New("the compressed body is another one")
	}
	return []float64{
		float64(spent.wall.Nanoseconds()) / float64(rounds*spans),
		float64(rounds*len(plain)) / 1e6 / spent.wall.Seconds(),
		float64(len(plain)) / float64(len(packed)),
	}, err
}

// postBytes is what a run posts, of whatever size the bodies are.
const postBytes = 64 << 20

// runPost posts bodies of one size, one after the other.
func runPost(size, total int) ([]float64, error) {
	collector, err := shared()
	if err != nil {
		return nil, err
	}
	if err := collector.Set(OK, 0, false); err != nil {
		return nil, err
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client, text := &http.Client{Transport: transport}, bytes.Repeat([]byte{'a'}, size)
	post := func() error {
		answer, err := client.Post("http://"+collector.Address+"/spans/publish", "application/json", bytes.NewReader(text))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	if err := post(); err != nil { // which dials
		return nil, err
	}
	requests := max(total/size, 1)
	spent, err := measure(func() error {
		for range requests {
			if err := post(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	counts, err := collector.Counts()
	if err == nil && (counts.Requests != requests+1 || counts.Bytes != int64(size*(requests+1))) {
		err = fmt.Errorf("%d bodies of %d bytes were posted, the collector saw %+v", requests+1, size, counts)
	}
	mb := float64(requests*size) / 1e6
	cpu := float64(spent.cpu.Nanoseconds()) / 1e3
	return []float64{mb / spent.wall.Seconds(), cpu / mb, cpu / float64(requests)}, err
}
