package span

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestParseValue(t *testing.T) {
	for in, want := range map[string]Value{
		"{ \"a\" : [ 1 ,\ttrue ] , \"b\" : { } ,\r\n\"c\" : [ ] }": `{"a":[1,true],"b":{},"c":[]}`,
		"null":                   "",
		"-0.10e+05":              "-0.10e+05",
		`"\u00e9\ud83d\ude00\/"`: `"\u00e9\ud83d\ude00\/"`,
		`"\ud83d\ud83d\ude00"`:   `"` + replacement + `\ud83d\ude00"`,
		`"\ude00"`:               `"` + replacement + `"`,
		"\"\xc3\x28\"":           `"` + replacement + `("`,
	} {
		if got, err := ParseValue(in); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "nul", "truth", "tru", "-", "+1", "01", "1.", "1.e1", "1e", "1e+", ".5", "NaN", "'a'", `"a`, `"\`, `"\u12"`, `"\u12g4"`, `"\a"`, "\"\x01\"",
		"[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[01]", "{", "{1:2}", `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a`, `{"\q":1}`, "1 2", "{}{}",
	} {
		if got, err := ParseValue(in); !errors.Is(err, ErrSyntax) || got != "" {
			t.Errorf("%q: %q, %v; want ErrSyntax", in, got, err)
		}
	}
	if _, err := ParseValue(strings.Repeat(`{"a":`, 1e5)); !errors.Is(err, ErrTooDeep) {
		t.Errorf("deep: %v", err)
	}
}

func TestScalarsOfAValue(t *testing.T) {
	for _, tt := range []struct {
		in             Value
		text           string
		isText         bool
		number         float64
		isNumber       bool
		whole          int
		isWhole        bool
		isBool, isNull bool
	}{
		{in: "", isNull: true},
		{in: "null", isNull: true},
		{in: `""`, isText: true},
		{in: `"\"\\\/\b\f\n\r\t\u0041\ud83d\ude00\ud83d"`, text: "\"\\/\b\f\n\r\tA😀" + replacement, isText: true},
		{in: `"\q"`, text: `\q`, isText: true}, // not JSON: left as it is
		{in: `"`},
		{in: "0", isNumber: true, isWhole: true},
		{in: "-12.0", number: -12, isNumber: true, whole: -12, isWhole: true},
		{in: "1.2e1", number: 12, isNumber: true, whole: 12, isWhole: true},
		{in: "1.5", number: 1.5, isNumber: true},
		{in: "1e30", number: 1e30, isNumber: true},
		{in: "1e999"},
		{in: "9007199254740993", number: 9007199254740992, isNumber: true, whole: 9007199254740993, isWhole: true},
		{in: "true", isBool: true},
		{in: "false", isBool: true},
		{in: "Infinity"},
		{in: "[1]"},
		{in: "{}"},
	} {
		text, isText := tt.in.Text()
		number, isNumber := tt.in.Float()
		whole, isWhole := tt.in.Int()
		b, isBool := tt.in.Bool()
		if text != tt.text || isText != tt.isText || isNumber != tt.isNumber || isNumber && number != tt.number ||
			whole != tt.whole || isWhole != tt.isWhole || isBool != tt.isBool || b != (tt.in == "true") || tt.in.IsNull() != tt.isNull {
			t.Errorf("%s: text %q %v, number %v %v, whole %v %v, bool %v %v, null %v", tt.in, text, isText, number, isNumber, whole, isWhole, b, isBool, tt.in.IsNull())
		}
	}
}

func TestObjectsOfAValue(t *testing.T) {
	v := Value(`{"a":1,"\u0062":[{"x":"}"}],"a":2,"none":null}`)
	for key, want := range map[string]Value{"a": "2", "b": `[{"x":"}"}]`, "none": "", "missing": ""} {
		if got := v.Get(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	for _, tt := range []struct {
		in    Value
		key   string
		value Value
		want  Value
	}{
		{v, "a", "7", `{"a":7,"\u0062":[{"x":"}"}],"none":null}`},
		{v, "b", "7", `{"a":1,"b":7,"a":2,"none":null}`},
		{v, "a", "", `{"\u0062":[{"x":"}"}],"none":null}`},
		{"", "k\"", "true", `{"k\"":true}`},
		{"[1]", "k", "1", `{"k":1}`},
		{"{}", "k", "null", `{}`},
	} {
		if got := tt.in.Set(tt.key, tt.value); got != tt.want {
			t.Errorf("%s with %s = %s: %s, want %s", tt.in, tt.key, tt.value, got, tt.want)
		}
	}
	if got, want := Value(`{"a":1,"b":{"c":1}}`).Merge(`{"b":{"d":2},"a":null,"e":0}`), Value(`{"a":1,"b":{"d":2},"e":0}`); got != want {
		t.Errorf("merged %s, want %s", got, want)
	}
	for key := range v.Members() {
		if key != "a" {
			t.Errorf("first key %s", key)
		}
		break
	}
	for element := range Value(`["x",2]`).Elements() {
		if element != `"x"` {
			t.Errorf("first element %s", element)
		}
		break
	}
}

func TestBrokenValuesAreReadAsFarAsTheyGo(t *testing.T) {
	for _, v := range []Value{"{", `{"a`, `{"a"`, `{"a":`, `{"a":[`, `{"a":]`, `{,`, "[", "[,", `["`, "[[", "[}", `{"a":1,`, "[1,"} {
		members, elements := 0, 0
		for range v.Members() {
			members++
		}
		for range v.Elements() {
			elements++
		}
		if members+elements > 1 {
			t.Errorf("%s: %d members, %d elements", v, members, elements)
		}
	}
}

func TestValueInsideOtherJSON(t *testing.T) {
	type holder struct{ A, B Value }
	text, err := json.Marshal(holder{A: `{"x":1}`})
	if err != nil || string(text) != `{"A":{"x":1},"B":null}` {
		t.Errorf("%s, %v", text, err)
	}
	var back holder
	if err := json.Unmarshal([]byte(`{"A": { "x" : 1 },"B":null}`), &back); err != nil || back != (holder{A: `{"x":1}`}) {
		t.Errorf("%+v, %v", back, err)
	}
	usage := Usage{InputTokens: new(7), OutputDetails: &OutputDetails{Text: new(1)}}
	if got := Value("{}").Set("internalUsage", usage.JSON()); got != `{"internalUsage":{"inputTokens":7,"outputDetails":{"text":1}}}` {
		t.Error(got)
	}
}

func TestOfScalars(t *testing.T) {
	type named string
	type renamed struct { // its own id beats the embedded one
		base
		Own string `json:"id"`
	}
	for _, tt := range []struct {
		in   any
		want Value
	}{
		{true, "true"}, {int64(-1), "-1"}, {1.5, "1.5"}, {Value("[1]"), "[1]"}, {Value("["), `"[Error: not valid JSON: want a value at byte 1]"`},
		{time.Unix(0, 0), `"1970-01-01T00:00:00.000Z"`}, {named("n"), `"n"`}, {[2]bool{true}, "[true,false]"}, {map[string]int{}, "{}"},
		{renamed{base{1, "n"}, "own"}, `{"Name":"n","id":"own"}`},
		{struct {
			A int      `json:",omitempty"`
			B [1]int   `json:",omitempty"`
			C struct{} `json:",omitempty"`
			D []int    `json:",omitempty"`
			E *int     `json:"e,omitempty"`
		}{}, `{"B":[0],"C":{}}`},
	} {
		if got := Of(tt.in); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.in, got, tt.want)
		}
	}
}

// Merge sets one member after the other, and yet looks at each of them once.
func TestMergeIsSetOfEach(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	object := func() Value {
		buf := []byte{'{'}
		for range random.IntN(5) {
			key := Text(string(rune('a' + random.IntN(3))))
			value := []Value{"1", "null", `{"x":1}`, `[]`}[random.IntN(4)]
			buf = append(append(append(comma(buf), key...), ':'), value...)
		}
		return []Value{Value(append(buf, '}')), "", "[1]"}[max(0, random.IntN(8)-5)]
	}
	for range 2000 {
		v, other := object(), object()
		want := v
		for key, value := range other.Members() {
			if !value.IsNull() {
				want = want.Set(key, value)
			}
		}
		if got := v.Merge(other); got != want {
			t.Fatalf("%s with %s: got %s, want %s", v, other, got, want)
		}
	}
}

// wide is an object of n members. Whoever goes through all of them for each of them does not come to an end with many.
func wide(n int) Value {
	buf := []byte{'{'}
	for i := range n {
		buf = append(AppendText(comma(buf), fmt.Sprint("key", i)), ':', '1')
	}
	return Value(append(buf, '}'))
}

func TestMergeOfVeryManyMembers(t *testing.T) {
	many := wide(50_000)
	if got := Value("{}").Merge(many); got != many {
		t.Errorf("got %d bytes, want %d", len(got), len(many))
	}
	if got := many.Merge(many); got != many {
		t.Errorf("got %d bytes, want %d", len(got), len(many))
	}
}

func TestSkipPlainFindsTheFirstByte(t *testing.T) {
	for b := range 256 {
		for at := range 20 {
			for _, other := range []string{"a", " ", "~", "\x7f"} {
				text := strings.Repeat(other, at) + string([]byte{byte(b)}) + "bcdefghijklmnopqrs"
				want := at
				if plain[b] {
					want = len(text)
				}
				if got := skipPlain(text, 0); got != want {
					t.Fatalf("%q: got %d, want %d", text, got, want)
				}
				if got := skipPlain(text, min(at, 3)); got != want {
					t.Fatalf("%q from %d: got %d, want %d", text, min(at, 3), got, want)
				}
			}
		}
	}
}
