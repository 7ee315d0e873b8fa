package span

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"
)

type (
	panicky    struct{}
	failing    struct{}
	failsBadly struct{}
	broken     struct{}
	deep       int
	onPointer  struct{ N int }
	nilError   struct{}
	base       struct {
		ID   int `json:"id"`
		Name string
	}
	whole struct {
		base
		*more
		Name    string    `json:"Name"`
		Skip    int       `json:"-"`
		Empty   []int     `json:"empty,omitempty"`
		Zero    time.Time `json:"zero,omitzero"`
		When    time.Time
		private int
		Inner   *base
		Any     any
		By      onPointer
	}
	more struct{ Note string }
	// What of these is a member is for the tag of the embedded struct to say.
	Credentials struct{ Token string }
	Address     struct{ Street string }
	region      struct{ Code string }
	tagged      struct {
		Credentials `json:"-"`
		*Address    `json:"address"`
		region      `json:"region"`
		Note        string
	}
	node struct{ Next *node }
)

func (panicky) MarshalJSON() ([]byte, error)    { panic("no") }
func (failing) MarshalJSON() ([]byte, error)    { return nil, errors.New("sorry") }
func (failsBadly) MarshalJSON() ([]byte, error) { return nil, (*nilError)(nil) }
func (broken) MarshalJSON() ([]byte, error)     { return []byte(`{"a":`), nil }
func (d deep) MarshalJSON() ([]byte, error) {
	return []byte(strings.Repeat("[", int(d)) + strings.Repeat("]", int(d))), nil
}
func (o *onPointer) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, ` "#%d" `, o.N), nil }
func (e *nilError) Error() string                 { panic("nil") }

func TestOf(t *testing.T) {
	circleMap := map[string]any{"a": 1}
	circleMap["self"] = circleMap
	circleList := []any{1, nil}
	circleList[1] = circleList
	circleNode := &node{}
	circleNode.Next = circleNode
	var loop any
	loop = &loop
	shared := []int{1}
	var noError *nilError

	for _, tt := range []struct {
		name string
		in   any
		want Value
	}{
		{"nil", nil, ``},
		{"a nil map", map[string]int(nil), ``},
		{"a nil slice inside", []any{[]int(nil)}, `[null]`},
		{"a string with all sorts", "a\"\\\n\x00\u2028<\xff", `"a\"\\\n\u0000` + "\u2028<" + replacement + `"`},
		{"integers keep their digits", []any{int64(math.MinInt64), uint64(math.MaxUint64), 1<<53 + 1, int8(-1), uint16(2)}, `[-9223372036854775808,18446744073709551615,9007199254740993,-1,2]`},
		{"floats", []any{0.1, float32(0.1), 1e21, 1e-7, math.Copysign(0, -1), 100.0}, `[0.1,0.1,1e+21,1e-07,-0,100]`},
		{"what no number is", []any{math.NaN(), math.Inf(1), float32(math.Inf(-1))}, `[null,null,null]`},
		{"booleans", []bool{true, false}, `[true,false]`},
		{"bytes", []byte("hi"), `"aGk="`},
		{"a time", time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.FixedZone("", -3600)), `"2026-01-02T04:04:05.678Z"`},
		{"a time that has no date", []any{time.Time{}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, `[null,null]`},
		{"an error", &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, `{"name":"*fs.PathError","message":"open x: file does not exist"}`},
		{"an error that panics", []any{noError, &nilError{}}, `[null,"[Panic: nil]"]`},
		{"a function, a channel, a pointer", []any{func() {}, make(chan int), (func())(nil)}, `["[Function]","[Channel]",null]`},
		{"a complex number", 1 + 2i, `"(1+2i)"`},
		{"a value", map[string]any{"v": Value(` {"a": 1} `), "none": Value("")}, `{"none":null,"v":{"a":1}}`},
		{"raw JSON", json.RawMessage(`[ 1 ]`), `[1]`},
		{"a marshaler that panics", []any{panicky{}}, `["[Panic: no]"]`},
		{"a marshaler that fails", failing{}, `"[Error: sorry]"`},
		{"a marshaler whose error panics", failsBadly{}, `"[Panic: nil]"`},
		{"a marshaler that writes no JSON", broken{}, `"[Error: not valid JSON: want a value at byte 5]"`},
		{"a marshaler that writes too deep", []any{deep(64)}, `["[MaxDepth]"]`},
		{"a marshaler of the pointer", &[]onPointer{{1}, {2}}, `["#1","#2"]`},
		{"a text marshaler", netip.MustParseAddr("::1"), `"::1"`},
		{"a big number", big.NewInt(12), `12`},
		{"a sorted map", map[int]string{10: "b", 9: "a"}, `{"10":"b","9":"a"}`},
		{"odd map keys", map[any]int{1.5: 1, netip.MustParseAddr("::1"): 2, [1]int{3}: 3}, `{"1.5":1,"::1":2,"[3]":3}`},
		{"a map round itself", circleMap, `{"a":1,"self":"[Circular]"}`},
		{"a list round itself", circleList, `[1,"[Circular]"]`},
		{"a pointer round itself", circleNode, `{"Next":"[Circular]"}`},
		{"a pointer to itself", loop, `"[Circular]"`},
		{"what is shared is no circle", []any{shared, shared}, `[[1],[1]]`},
		{"a struct", struct {
			A int `json:"a"`
			B *int
		}{A: 1}, `{"a":1,"B":null}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Of(tt.in)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got != "" && !json.Valid([]byte(got)) {
				t.Errorf("not valid: %s", got)
			}
		})
	}
}

func TestOfWritesStructsByTheirTags(t *testing.T) {
	in := &whole{base: base{ID: 1, Name: "inner"}, Name: "outer", Skip: 2, When: time.Unix(0, 0), private: 4, Any: base{ID: 5}, By: onPointer{6}}
	want := Value(`{"id":1,"Name":"outer","When":"1970-01-01T00:00:00.000Z","Inner":null,"Any":{"id":5,"Name":""},"By":"#6"}`)
	if got := Of(in); got != want || in.private != 4 {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOfKeepsAnEmbeddedStructThatHasATagTogether(t *testing.T) {
	in := tagged{Credentials{"t0k3n"}, &Address{"Mill Lane"}, region{"NI"}, "n"}
	want, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := Of(in); string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOfCutsVisibly(t *testing.T) {
	nested := func(n int) (v any) {
		for range n {
			v = []any{v}
		}
		return v
	}
	chain := any(1)
	for range 1_000_000 {
		next := chain
		chain = &next
	}
	for _, tt := range []struct {
		name   string
		limits ValueLimits
		in     any
		want   Value
	}{
		{"depth 64 by default", ValueLimits{}, nested(10_000), Value(strings.Repeat("[", 64) + `"[MaxDepth]"` + strings.Repeat("]", 64))},
		{"depth", ValueLimits{MaxDepth: 2}, nested(3), `[["[MaxDepth]"]]`},
		{"depth that just fits", ValueLimits{MaxDepth: 3}, nested(3), `[[[null]]]`},
		{"a chain of pointers", ValueLimits{}, chain, `"[MaxDepth]"`},
		{"a string, between runes", ValueLimits{MaxStringBytes: 4}, "aé🔥", `"aé…[truncated]"`},
		{"a string that just fits", ValueLimits{MaxStringBytes: 7}, "aé🔥", `"aé🔥"`},
		{"a string of no runes", ValueLimits{MaxStringBytes: 2}, "\x80\x80\x80\x80", `"` + replacement + replacement + `…[truncated]"`},
		{"bytes", ValueLimits{MaxStringBytes: 4}, []byte("hello"), `"aGVs…[truncated]"`},
		{"items", ValueLimits{MaxItems: 2}, []int{1, 2, 3, 4}, `[1,2,"[…2 more items]"]`},
		{"keys", ValueLimits{MaxItems: 1}, map[string]int{"a": 1, "b": 2, "c": 3}, `{"a":1,"__truncated":"2 more keys omitted"}`},
		{"the whole", ValueLimits{MaxBytes: 10}, []any{"0123456789", 2, []any{3}}, `["0123456789","[…2 more items]"]`},
		{"raw JSON that does not fit", ValueLimits{MaxBytes: 8}, json.RawMessage(`[1,2,3,4,5]`), `"[1,2,3,4…[truncated]"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.limits.Of(tt.in)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if !json.Valid([]byte(got)) {
				t.Errorf("not valid: %s", got)
			}
		})
	}
	big := make([]string, 1000)
	for i := range big {
		big[i] = strings.Repeat("x", 100_000)
	}
	if got := Of(big); len(got) > 2<<20 {
		t.Errorf("100 MB of strings became %d bytes", len(got))
	}
}
