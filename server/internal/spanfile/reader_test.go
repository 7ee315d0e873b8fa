package spanfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/internal/spanfile"
	"github.com/tailrace-go/tailrace/span"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// all reads a text and returns its records and faults in one list, each with its line: "2 {…}", "3 !fault".
func all(t testing.TB, r io.Reader, limit int) []string {
	t.Helper()
	var got []string
	reader := spanfile.NewReader(r, "f", limit)
	for {
		record, err := reader.Next()
		var bad *spanfile.RecordError
		switch {
		case err == nil:
			got = append(got, fmt.Sprintf("%d %s", record.Place.Line, record.Text))
		case errors.Is(err, io.EOF) && !errors.As(err, &bad):
			return got
		case errors.As(err, &bad):
			got = append(got, fmt.Sprintf("%d !%v", bad.Place.Line, bad.Err))
		default:
			return append(got, "broken: "+err.Error())
		}
	}
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"blank lines", "\n \r\n\t\n", nil},
		{"lines", `{"a":1}` + "\n" + `{"b":[1,{"c":"}"}]}` + "\r\n", []string{`1 {"a":1}`, `2 {"b":[1,{"c":"}"}]}`}},
		{"the last line without an end", "{}\n{\"a\":2}", []string{`1 {}`, `2 {"a":2}`}},
		{"a byte order mark", "\uFEFF{}\n{}", []string{`1 {}`, `2 {}`}},
		{"several on a line", "{} {\"a\":1}{}", []string{`1 {}`, `1 {"a":1}`, `1 {}`}},
		{"a body", `{"spans":[{"a":1},{"b":2}]}`, []string{`1 {"a":1}`, `1 {"b":2}`}},
		{"an empty body", `{"spans":[]}` + "\n{}", []string{`2 {}`}},
		{"a body with other keys", `{"project":"p","spans":[{"a":1}],"more":{"x":[1]}}` + "\n{}", []string{`1 {"a":1}`, `2 {}`}},
		{"a body with two lists", `{"spans":[{"a":1}],"spans":[{"b":1}]}`, []string{`1 {"a":1}`, `1 {"b":1}`}},
		{"a body without a list", `{"spans":null}`, []string{`1 {"spans":null}`}},
		{"pretty", "{\n  \"spans\": [\n    {\n      \"a\": 1\n    },\n    {\n      \"b\": 2\n    }\n  ]\n}\n",
			[]string{"3 {\n      \"a\": 1\n    }", "6 {\n      \"b\": 2\n    }"}},
		{"bodies on lines", `{"spans":[{"a":1}]}` + "\n" + `{"spans":[{"b":2}]}` + "\n", []string{`1 {"a":1}`, `2 {"b":2}`}},
		{"an array", "[\n{\"a\":1},\n{\"b\":2}\n]\n", []string{`2 {"a":1}`, `3 {"b":2}`}},
		{"escapes", `{"a":"\"}\\"}`, []string{`1 {"a":"\"}\\"}`}},
		{"what a decoder judges", `{"a":01,"b":NaN}` + "\n", []string{`1 {"a":01,"b":NaN}`}},

		{"a line that is cut off", "{\"a\":1\n{\"b\":2}\n{\"c\":3}\n", []string{"1 !want a comma or }", `2 {"b":2}`, `3 {"c":3}`}},
		{"cut off behind a colon", "{\"a\":\n{\"b\":2}\n{\"c\":3}\n", []string{"1 !want a comma or }", `2 {"b":2}`, `3 {"c":3}`}},
		{"cut off behind a comma", "{\"a\":1,\n{\"b\":2}\n", []string{"1 !want a key in quotes", `2 {"b":2}`}},
		{"cut off in a string", "{\"a\":\"x\n{\"b\":2}\n", []string{"1 !the line ends within quotes", `2 {"b":2}`}},
		{"cut off at the end", "{}\n{\"b\":\"2", []string{`1 {}`, "2 !the text ends here"}},
		{"the rest of a line that was cut off", "\":1}\n{\"b\":2}\n", []string{"1 !no JSON object begins here", `2 {"b":2}`}},
		{"no JSON at all", "hello\nworld\n", []string{"1 !no JSON object begins here"}},
		{"no key", "{1:2}\n{}", []string{"1 !want a key in quotes", "2 {}"}},
		{"no colon", "{\"a\" 2}\n{}", []string{"1 !want a colon", "2 {}"}},
		{"no value", "{\"a\":}\n{}", []string{"1 !want a value", "2 {}"}},
		{"a bad record in a pretty body", "{\"spans\": [\n  {\n    \"a\": \"x\n  },\n  {\n    \"b\": 2\n  }\n]}\n{}",
			[]string{"2 !the line ends within quotes", "5 {\n    \"b\": 2\n  }", "9 {}"}},
		{"a bad record in a body on one line", `{"spans":[{"a":1},{"b",2},{"c":3}]}` + "\n{}", []string{`1 {"a":1}`, "1 !want a colon", "2 {}"}},
		{"a body without an end", `{"spans":[{"a":1},`, []string{`1 {"a":1}`, "1 !the text ends here"}},
		{"a body that is cut off between records", `{"spans":[{"a":1}`, []string{`1 {"a":1}`, "1 !the array of records has no end: the text ends here"}},
		{"too large", `{"a":"` + strings.Repeat("x", 300<<10) + "\"}\n{}", []string{"1 !record too large: it has more than 204800 bytes", "2 {}"}},
		{"nested without end", strings.Repeat("[", 2000) + "\n{}", []string{"1 !more than 1000 brackets inside one another", "2 {}"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := all(t, strings.NewReader(c.text), 200<<10); !slices.Equal(got, c.want) {
				t.Errorf("%.200q\n got %.300q\nwant %.300q", c.text, got, c.want)
			}
			if len(c.text) < 1000 { // the same, whatever each Read returns
				if got := all(t, iotest.OneByteReader(strings.NewReader(c.text)), 200<<10); !slices.Equal(got, c.want) {
					t.Errorf("byte by byte: %q\n got %q\nwant %q", c.text, got, c.want)
				}
			}
		})
	}
}

func TestPlacesInALargeText(t *testing.T) {
	var text strings.Builder
	line := `{"text":"` + strings.Repeat("abcdefgh", 700) + `"}`
	for range 200 {
		text.WriteString(line + "\n\n")
	}
	reader := spanfile.NewReader(strings.NewReader(text.String()), "f", 1<<20)
	for i := range int64(200) {
		record, err := reader.Next()
		want := spanfile.Place{Name: "f", Line: 2*i + 1, Offset: i * int64(len(line)+2)}
		if err != nil || string(record.Text) != line || record.Place != want {
			t.Fatalf("record %d: %.40q… at %v, want %v: %v", i, record.Text, record.Place, want, err)
		}
	}
	if _, err := reader.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestSpaceTakesNoMemory(t *testing.T) {
	blank := io.LimitReader(spaces{}, 64<<20)
	got := all(t, io.MultiReader(blank, strings.NewReader("\n{}")), 1<<10)
	if want := []string{"67108866 {}"}; !slices.Equal(got, want) {
		t.Errorf("got %.100q, want %q", got, want)
	}
}

type spaces struct{}

func (spaces) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '\n'
	}
	return len(b), nil
}

func TestAReaderThatBreaks(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{"broken: f:1 (byte 0): the disk is gone"}},
		{"{\"a\":1}\n", []string{`1 {"a":1}`, "broken: f:2 (byte 8): the disk is gone"}},
		{"{\"a\":1}\n{\"b\"", []string{`1 {"a":1}`, "broken: f:2 (byte 12): the disk is gone"}},
		{`{"spans":[{"a":1}`, []string{`1 {"a":1}`, "broken: f:1 (byte 17): the disk is gone"}},
	} {
		r := io.MultiReader(strings.NewReader(c.text), iotest.ErrReader(broken))
		if got := all(t, r, 1<<10); !slices.Equal(got, c.want) {
			t.Errorf("%q\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

func TestCapturedBodies(t *testing.T) {
	for _, name := range captured.Names() {
		body := captured.Body(name)
		want, _, err := span.DecodeBody(body)
		if err != nil {
			t.Fatal(err)
		}
		for _, packed := range packings(t, body) {
			plain, done, err := spanfile.Plain(iotest.HalfReader(bytes.NewReader(packed)))
			if err != nil {
				t.Fatal(err)
			}
			reader := spanfile.NewReader(plain, name, 1<<20)
			for i, w := range want {
				record, err := reader.Next()
				if err != nil {
					t.Fatalf("%s: record %d: %v", name, i, err)
				}
				if s, err := span.DecodeRecord(record.Text); err != nil || s.ID != w.ID || s.Output != w.Output {
					t.Errorf("%s: record %d is %v, want %v: %v", name, i, s, w, err)
				}
			}
			if _, err := reader.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("%s: at the end: %v", name, err)
			}
			done()
		}
	}
}

// packings returns text as it is, and in each compression.
func packings(t testing.TB, text []byte) [][]byte {
	t.Helper()
	var g, z bytes.Buffer
	gw := gzip.NewWriter(&g)
	zw, err := zstd.NewWriter(&z, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{gw, zw} {
		_, err := w.Write(text)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return [][]byte{text, g.Bytes(), z.Bytes()}
}

func TestCompressedAndCutOff(t *testing.T) {
	text := bytes.Repeat([]byte(`{"a":"some text that repeats"}`+"\n"), 5000)
	for i, packed := range packings(t, text)[1:] {
		plain, done, err := spanfile.Plain(bytes.NewReader(packed[:len(packed)-8]))
		if err != nil {
			t.Fatal(err)
		}
		got := all(t, plain, 1<<20)
		if last := got[len(got)-1]; !strings.HasPrefix(last, "broken: ") {
			t.Errorf("packing %d: the end is %q", i, last)
		}
		done()
	}
}

// FuzzReader: whatever the text, reading ends, and a record is where its place says.
func FuzzReader(f *testing.F) {
	f.Add([]byte("{\"spans\":[\n{\"a\":1},\n{\"b\":\"x\n]}\n{}"))
	f.Add([]byte("[{}, {\"a\": [1, 2]}]\n{\"a\"\n\n{}"))
	f.Add(captured.Body(captured.Names()[0]))
	f.Fuzz(func(t *testing.T, text []byte) {
		reader := spanfile.NewReader(bytes.NewReader(text), "f", 1<<20)
		last := int64(-1)
		for range 2*len(text) + 2 {
			record, err := reader.Next()
			var bad *spanfile.RecordError
			switch {
			case err == nil:
				at := record.Place.Offset
				if at <= last || !bytes.HasPrefix(text[at:], record.Text) {
					t.Fatalf("record %q at %v, behind %d", record.Text, record.Place, last)
				}
				if lines := bytes.Count(text[:at], []byte{'\n'}); record.Place.Line != int64(lines)+1 {
					t.Fatalf("line %d, want %d", record.Place.Line, lines+1)
				}
				last = at
			case errors.As(err, &bad):
			case errors.Is(err, io.EOF):
				return
			default:
				t.Fatal(err)
			}
		}
		t.Fatal("it does not end")
	})
}
