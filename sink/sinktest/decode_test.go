package sinktest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// Whatever comes, decoding must end within its limit and account for every record that it finds.
func FuzzDecode(f *testing.F) {
	const plain = `{"spans":[{"traceId":"t","spanId":"s"},{"id":"\ud83d"},7]}`
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	var gzipped, framed bytes.Buffer
	g, s := gzip.NewWriter(&gzipped), s2.NewWriter(&framed)
	for _, w := range []interface {
		Write(p []byte) (int, error)
		Close() error
	}{g, s} {
		if _, err := w.Write([]byte(plain)); err != nil {
			f.Fatal(err)
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
	}
	f.Add("", "application/json", []byte(plain))
	f.Add("", "application/x-ndjson", []byte("{\"id\":\"1\"}\r\n\n[]\n{"))
	f.Add("gzip", "", gzipped.Bytes())
	f.Add("zstd", "", encoder.EncodeAll([]byte(plain), nil))
	f.Add("s2", "", framed.Bytes())
	if err := encoder.Close(); err != nil {
		f.Fatal(err)
	}

	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, coding, kind string, body []byte) {
		c := coders{limit: limit}
		defer c.close()
		decoded, why := c.decode(coding, bytes.NewReader(body))
		if len(decoded) > limit {
			t.Fatalf("decoded %d bytes, limit %d", len(decoded), limit)
		}
		if why != nil {
			return
		}
		found, why := parse(http.Header{"Content-Type": {kind}}, decoded)
		if why != nil && found.size() > 0 {
			t.Fatalf("%d records in a body refused for %s", found.size(), why.message)
		}
		for _, record := range found.records {
			if !json.Valid(record.JSON) {
				t.Fatalf("record is no JSON: %q", record.JSON)
			}
		}
		again := coders{limit: limit}
		defer again.close()
		if twice, why := again.decode("", bytes.NewReader(decoded)); why != nil || !bytes.Equal(twice, decoded) {
			t.Fatalf("the decoded body does not pass as a plain one: %+v", why)
		}
	})
}
