package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
)

var errBad = errors.New("it is bad")

// text decodes any line but those that begin with "bad".
func text(line []byte) (string, error) {
	if bytes.HasPrefix(line, []byte("bad")) {
		return "", errBad
	}
	return string(line), nil
}

func TestLines(t *testing.T) {
	long := strings.Repeat("l", 200_000) // longer than the buffer
	for _, test := range []struct {
		name  string
		cfg   source.LinesConfig
		input string
		want  []string
		bad   string // numbers of lines
	}{
		{"nothing", source.LinesConfig{}, "", nil, ""},
		{"lines", source.LinesConfig{}, "a\nb\n", []string{"a", "b"}, ""},
		{"no newline at the end", source.LinesConfig{}, "a\nb", []string{"a", "b"}, ""},
		{"lines of Windows", source.LinesConfig{}, "a\r\nb\r\n", []string{"a", "b"}, ""},
		{"carriage returns elsewhere", source.LinesConfig{}, "a\rb\nc\r", []string{"a\rb", "c\r"}, ""},
		{"blank lines", source.LinesConfig{}, "\n\r\n a \n \t\nb\n\n", []string{" a ", "b"}, ""},
		{"a byte order mark", source.LinesConfig{}, "\uFEFFa\n\uFEFFb", []string{"a", "\uFEFFb"}, ""},
		{"only a byte order mark", source.LinesConfig{}, "\uFEFF\na", []string{"a"}, ""},
		{"a long line", source.LinesConfig{}, "a\n" + long + "\nb", []string{"a", long, "b"}, ""},
		{"a bad line", source.LinesConfig{}, "a\n\nbad\nb", []string{"a", "b"}, "3"},
		{"lines at the limit", source.LinesConfig{MaxLineBytes: 3}, "abc\nabc\r\nabcd\nabc", []string{"abc", "abc", "abc"}, "3"},
		{"a long line at the limit", source.LinesConfig{MaxLineBytes: len(long)}, "a\n" + long + "\r\nb", []string{"a", long, "b"}, ""},
		{"a long line over the limit", source.LinesConfig{MaxLineBytes: len(long) - 1}, "a\n" + long + "\nb", []string{"a", "b"}, "2"},
		{"no limit worth the name", source.LinesConfig{MaxLineBytes: math.MaxInt}, "a\n" + long + "\nb", []string{"a", long, "b"}, ""},
		{"a long line over the limit at the end", source.LinesConfig{MaxLineBytes: 70_000}, "a\n" + long, []string{"a"}, "2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"whole":     strings.NewReader(test.input),
				"by halves": iotest.HalfReader(strings.NewReader(test.input)),
				"early EOF": iotest.DataErrReader(strings.NewReader(test.input)),
				"by one":    iotest.OneByteReader(strings.NewReader(test.input)),
			} {
				var bad []string
				test.cfg.OnBad = func(line int, err error) {
					bad = append(bad, fmt.Sprint(line))
					if !errors.Is(err, errBad) && !errors.Is(err, source.ErrLineTooLong) {
						t.Errorf("%s: line %d: %v", name, line, err)
					}
				}
				got, p, err := drained(t, source.Lines(r, test.cfg, text))
				if err != nil || !slices.Equal(got, test.want) || strings.Join(bad, " ") != test.bad {
					t.Errorf("%s: got %.100q, bad %q, error %v\nwant %.100q, bad %q", name, got, bad, err, test.want, test.bad)
				}
				if p.Ledger().Accepted != int64(len(test.want)) {
					t.Errorf("%s: ledger %+v", name, p.Ledger())
				}
			}
		})
	}
}

func TestLinesErrors(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, test := range []struct {
		name  string
		input io.Reader
		line  int
		want  error
	}{
		{"a bad line", strings.NewReader("a\n\nbad\nb"), 3, errBad},
		{"a line that is too long", strings.NewReader("a\n" + strings.Repeat("x", 100) + "\nb"), 2, source.ErrLineTooLong},
		{"a reader that fails", io.MultiReader(strings.NewReader("a\nhalf a li"), iotest.ErrReader(broken)), 2, broken},
		{"a reader whose failure is an early EOF underneath", io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(fmt.Errorf("tls: %w", io.EOF))), 2, io.EOF},
		{"the same within a line", io.MultiReader(strings.NewReader("a\nhalf a li"), iotest.ErrReader(fmt.Errorf("tls: %w", io.EOF))), 2, io.EOF},
		{"a reader that ends too early", io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), 2, io.ErrUnexpectedEOF},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := drained(t, source.Lines(test.input, source.LinesConfig{MaxLineBytes: 50}, text))
			var line *source.LineError
			if !errors.As(err, &line) || line.Line != test.line || !errors.Is(err, test.want) || fmt.Sprint(got) != "[a]" {
				t.Fatalf("got %q, error %v, want a LineError of line %d: %v", got, err, test.line, test.want)
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("line %d", test.line)) {
				t.Errorf("%v does not name the line", err)
			}
		})
	}
}

func TestLinesSettings(t *testing.T) {
	for name, from := range map[string]pipeline.Source[string]{
		"LinesConfig.MaxLineBytes is negative": source.Lines(strings.NewReader(""), source.LinesConfig{MaxLineBytes: -1}, text),
		"the reader is nil":                    source.Lines(nil, source.LinesConfig{}, text),
		"the function decode is nil":           source.Lines[string](strings.NewReader(""), source.LinesConfig{}, nil),
	} {
		if _, _, err := drained(t, from); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("Run returned %v, want an ErrConfig with %q", err, name)
		}
	}
}

func TestLinesEndWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// All lines are bad, so the source never sends anything.
		r, w := io.Pipe()
		onBad := func(int, error) { time.Sleep(time.Second) }
		l := start(t, pipeline.Config{}, source.Lines(r, source.LinesConfig{OnBad: onBad}, text), false)
		go func() {
			for {
				if _, err := io.WriteString(w, "bad\n"); err != nil {
					return
				}
			}
		}()
		time.Sleep(10*time.Second + time.Millisecond)
		if err := l.p.Flush(t.Context()); err != nil {
			t.Errorf("Flush: %v", err)
		}
		if err := l.end(); err != nil {
			t.Errorf("Run returned %v", err)
		}
		_ = r.Close() // a pipe cannot fail to
	})
}

func TestFlushNamesAReaderThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		l := start(t, pipeline.Config{}, source.Lines(r, source.LinesConfig{}, text), false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.p.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `source "lines"`) {
			t.Errorf("Flush: %v", err)
		}
		_ = w.Close() // a pipe cannot fail to
		if err := l.end(); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestReader(t *testing.T) {
	input := `{"traceId":"t1","spanId":"s1","name":"plan"}` + "\r\n\n" +
		`{"traceId":"t1"}` + "\n" +
		`{"traceId":"t1","id":"s2","name":"search"}`
	var bad []int
	cfg := source.LinesConfig{OnBad: func(line int, err error) {
		bad = append(bad, line)
		if !errors.Is(err, span.ErrMissing) {
			t.Errorf("line %d: %v", line, err)
		}
	}}
	spans, _, err := drained(t, source.Reader(strings.NewReader(input), cfg))
	if err != nil || len(spans) != 2 || spans[0].Name != "plan" || spans[1].ID != "s2" || fmt.Sprint(bad) != "[3]" {
		t.Errorf("read %v, bad lines %v, error %v", spans, bad, err)
	}
	_, _, err = drained(t, source.Reader(strings.NewReader(input), source.LinesConfig{}))
	var line *source.LineError
	if !errors.As(err, &line) || line.Line != 3 {
		t.Errorf("Run returned %v, want a LineError of line 3", err)
	}
}

// Whatever the bytes, and however they come: the lines are those that bytes.Split finds.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\r\n\nbad\n\uFEFFb"), 3)
	f.Add([]byte("\uFEFFabc\nabcdef"), 4)
	f.Fuzz(func(t *testing.T, input []byte, limit int) {
		limit = 1 + (limit&0x7fffffff)%20
		var want, bad []string
		rest, number := input, 0
		for len(rest) > 0 {
			line, more, ended := bytes.Cut(rest, []byte("\n"))
			rest = more
			number++
			if ended {
				line = bytes.TrimSuffix(line, []byte("\r"))
			}
			tooLong := len(line) > limit
			if number == 1 {
				line = bytes.TrimPrefix(line, []byte("\uFEFF"))
			}
			switch {
			case tooLong, bytes.HasPrefix(line, []byte("bad")):
				bad = append(bad, fmt.Sprint(number))
			case len(bytes.TrimSpace(line)) > 0:
				want = append(want, string(line))
			}
		}
		for _, r := range []io.Reader{bytes.NewReader(input), iotest.OneByteReader(bytes.NewReader(input))} {
			var skipped []string
			cfg := source.LinesConfig{MaxLineBytes: limit, OnBad: func(line int, _ error) { skipped = append(skipped, fmt.Sprint(line)) }}
			got, _, err := drained(t, source.Lines(r, cfg, text))
			if err != nil || !slices.Equal(got, want) || !slices.Equal(skipped, bad) {
				t.Errorf("%q up to %d: got %q, bad %v, error %v\nwant %q, bad %v", input, limit, got, skipped, err, want, bad)
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	line := append([]byte(`{"traceId":"t1","spanId":"s1","name":"plan","input":"`+strings.Repeat("prompt ", 100)), "\"}\n"...)
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Reader(&repeat{b: b, line: line}, source.LinesConfig{})), sink.Discard[*span.Span]())
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	if err := p.Run(b.Context()); err != nil {
		b.Error(err)
	}
}

// repeat is a reader of one line for each iteration of a benchmark.
type repeat struct {
	b    *testing.B
	line []byte
}

func (r *repeat) Read(p []byte) (int, error) {
	n := 0
	for ; n+len(r.line) <= len(p); n += len(r.line) {
		if !r.b.Loop() {
			return n, io.EOF
		}
		copy(p[n:], r.line)
	}
	return n, nil
}
