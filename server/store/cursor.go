package store

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// Sort is the order of a list, always falling.
type Sort uint8

// The orders.
const (
	SortStart Sort = iota
	SortDuration
	SortTokens
	SortCost // traces of unknown cost come last
)

var sortNames = [...]string{"start", "duration", "tokens", "cost"}

// String names the order as the API does: start, duration, tokens, cost.
func (s Sort) String() string {
	if int(s) >= len(sortNames) {
		return ""
	}
	return sortNames[s]
}

// Cursor is a place in a list: behind the row with this sort key, day and number. It does not depend on what comes in
// front of that row.
type Cursor struct {
	Sort Sort
	Key  int64 // of the row, in the sort's unit
	Day  int64 // of the row's file, in days since 1970
	Row  int64 // the trace's number in that file
}

const cursorVersion = 1

// String writes the cursor as a URL may carry it.
func (c Cursor) String() string {
	b := []byte{cursorVersion, byte(c.Sort)}
	b = binary.AppendVarint(b, c.Key)
	b = binary.AppendVarint(b, c.Day)
	b = binary.AppendVarint(b, c.Row)
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what [Cursor.String] wrote.
func ParseCursor(text string) (Cursor, error) {
	var c Cursor
	bad := &FieldError{Field: "cursor", Reason: "not a cursor of this API"}
	if len(text) > 64 {
		return c, bad
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 2 || b[0] != cursorVersion || int(b[1]) >= len(sortNames) {
		return c, bad
	}
	c.Sort = Sort(b[1])
	b = b[2:]
	for _, field := range []*int64{&c.Key, &c.Day, &c.Row} {
		v, n := binary.Varint(b)
		if n <= 0 {
			return Cursor{}, bad
		}
		*field, b = v, b[n:]
	}
	if len(b) != 0 {
		return Cursor{}, bad
	}
	return c, nil
}

// Before reports whether a row comes behind the cursor, that is, whether it belongs to the next page.
func (c Cursor) Before(key, day, row int64) bool {
	if key != c.Key {
		return key < c.Key
	}
	if day != c.Day {
		return day < c.Day
	}
	return row < c.Row
}

// checkCursor parses the cursor of a filter, which must be of the filter's own order.
func checkCursor(text string, s Sort) (*Cursor, error) {
	if text == "" {
		return nil, nil
	}
	c, err := ParseCursor(text)
	if err != nil {
		return nil, err
	}
	if c.Sort != s {
		return nil, &FieldError{Field: "cursor", Reason: fmt.Sprintf("is of a list sorted by %s", c.Sort)}
	}
	return &c, nil
}
