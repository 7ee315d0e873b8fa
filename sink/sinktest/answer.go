package sinktest

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Status answers with code and these header fields, given as to [Header]. The body is empty,
// but that of a 2xx, which stores first, is the healthy one. A 1xx other than 101 is only sent
// ahead, with the fields, and the request passed on.
func Status(code int, header ...string) Fault { return answerWith(code, nil, header) }

// Respond is Status with this body, of type application/json unless a field says otherwise.
func Respond(code int, body string, header ...string) Fault {
	return answerWith(code, []byte(body), header)
}

// RetryAfter answers 503 with a Retry-After field for each of values. For another code
// use Status.
func RetryAfter(values ...string) Fault {
	header := make([]string, 0, 2*len(values))
	for _, v := range values {
		header = append(header, "Retry-After", v)
	}
	return Status(http.StatusServiceUnavailable, header...)
}

// Redirect answers with code and url as the Location. Nothing is stored.
func Redirect(code int, url string) Fault { return Status(code, "Location", url) }

func answerWith(code int, body []byte, header []string) Fault {
	if code < 100 || code > 999 {
		panic(fmt.Sprintf("sinktest: status %d", code))
	}
	fields := Header(header...)
	if code < 200 && code != http.StatusSwitchingProtocols {
		return func(x *exchange) bool {
			later := x.w.Header().Clone()
			fields(x)
			x.w.WriteHeader(code)
			clear(x.w.Header()) // else the final answer would have the fields too
			for name, values := range later {
				x.w.Header()[name] = values
			}
			return false
		}
	}
	return func(x *exchange) bool {
		answer, ok := x.settle(code)
		if !ok {
			return true
		}
		if body != nil {
			answer = body
		}
		fields(x)
		x.respond(code, "application/json", answer)
		return true
	}
}

// AnswerLate stores, waits for d and then answers 200: to a client that has left meanwhile the
// outcome is unknown.
func AnswerLate(d time.Duration) Fault {
	return func(x *exchange) bool {
		answer, ok := x.accept(0, "")
		switch {
		case !ok:
		case x.wait(d):
			x.respond(http.StatusOK, "application/json", answer)
		default:
			x.abandon()
		}
		return true
	}
}

// HugeBody answers with code and a body of n bytes, whose length the answer gives. It and
// EndlessBody rest for a millisecond after each MiB, so that a fake clock goes on.
func HugeBody(code int, n int64) Fault {
	return func(x *exchange) bool {
		if _, ok := x.settle(code); ok {
			x.w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
			x.begun(code, "application/json")
			x.flood(n)
		}
		return true
	}
}

// EndlessBody answers with code and chunks without end, until the client leaves.
func EndlessBody(code int) Fault {
	return func(x *exchange) bool {
		if _, ok := x.settle(code); ok {
			x.begun(code, "application/json")
			x.flood(math.MaxInt64)
		}
		return true
	}
}

// SlowBody answers with code and one byte of body in every, without end, until the client leaves.
func SlowBody(code int, every time.Duration) Fault {
	return func(x *exchange) bool {
		if _, ok := x.settle(code); !ok {
			return true
		}
		x.begun(code, "application/json")
		flush := http.NewResponseController(x.w).Flush
		for flush() == nil && x.wait(every) {
			if _, err := x.w.Write(zeros[:1]); err != nil {
				break
			}
		}
		panic(http.ErrAbortHandler) // a return would make it a whole answer
	}
}

// GzipBomb answers with code and a gzip body, about a thousandth of the n bytes it unpacks to: members of
// up to 1 MiB each, one after the other, which RFC 1952 allows and a reader takes for one file.
func GzipBomb(code int, n int64) Fault {
	const member = 1 << 20
	packed := bytes.Repeat(packedZeros(member), int(n/member)) // compressed once, so that a large bomb is quickly made
	if rest := int(n % member); rest > 0 {
		packed = append(packed, packedZeros(rest)...)
	}
	return Respond(code, string(packed), "Content-Encoding", "gzip")
}

func packedZeros(n int) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(make([]byte, n)) // a Buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

// HugeHeader answers with code and a header field of n bytes.
func HugeHeader(code int, n int) Fault {
	return Status(code, "X-Huge", strings.Repeat("0", n))
}

// EndlessHeader answers with code and header fields without end, until the client leaves.
func EndlessHeader(code int) Fault {
	field := []byte("X-Endless: " + strings.Repeat("0", 1000) + "\r\n")
	return raw(code, func(x *exchange, w io.Writer) {
		for i := 1; ; i++ {
			if _, err := w.Write(field); err != nil || i%1000 == 0 && !x.pause() {
				return
			}
		}
	})
}

// SlowHeader answers with code and one byte of a header field in every, without end, until the
// client leaves.
func SlowHeader(code int, every time.Duration) Fault {
	return raw(code, func(x *exchange, w io.Writer) {
		_, err := io.WriteString(w, "X-Slow: ")
		for err == nil && x.wait(every) {
			_, err = w.Write(zeros[:1])
		}
	})
}

// WrongContentLength answers with code and a body of sent bytes that was announced as one of
// declared bytes, and closes the connection.
func WrongContentLength(code, declared, sent int) Fault {
	return Raw(code, fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		declared, strings.Repeat("0", sent)))
}

// Raw answers with the status line of code and then rest as it is, header fields and their
// blank line included, and closes the connection: for answers that net/http would not send,
// such as Raw(200, "Transfer-Encoding: chunked\r\n\r\nno chunk").
func Raw(code int, rest string) Fault {
	return raw(code, func(_ *exchange, w io.Writer) {
		_, _ = io.WriteString(w, rest) // a client that has left does not get it
	})
}

func raw(code int, write func(x *exchange, w io.Writer)) Fault {
	head := fmt.Sprintf("HTTP/1.1 %03d %s\r\n", code, http.StatusText(code))
	return func(x *exchange) bool {
		if _, ok := x.settle(code); !ok {
			return true
		}
		x.note(func(r *Request) { r.Status = code })
		conn := x.seize()
		if _, err := io.WriteString(conn, head); err == nil {
			write(x, conn)
		}
		return true
	}
}

// flood writes n bytes of body, or breaks off when the client or the collector is gone.
func (x *exchange) flood(n int64) {
	for sent := int64(0); sent < n; {
		part := min(n-sent, int64(len(zeros)))
		_, err := x.w.Write(zeros[:part])
		sent += part
		if err != nil || sent%(1<<20) == 0 && !x.pause() {
			panic(http.ErrAbortHandler) // a return would make it a whole answer
		}
	}
}

// pause lets a fake clock advance, without which no timeout of the client's would ever come.
func (x *exchange) pause() bool { return x.wait(time.Millisecond) }
