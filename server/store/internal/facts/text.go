package facts

import "strings"

// ContainsFold reports whether text contains part; ASCII letters match in either case, as they do in SQLite's LIKE.
func ContainsFold(text, part string) bool {
	if part == "" {
		return true
	}
	first := part[0]
	lower, upper := first, first
	if 'A' <= first && first <= 'Z' {
		lower = first + 'a' - 'A'
	} else if 'a' <= first && first <= 'z' {
		upper = first - ('a' - 'A')
	}
	nextLower, nextUpper := -1, -1 // positions of the next first byte in either case; -1: unknown
	for i := 0; i+len(part) <= len(text); i++ {
		nextLower = next(text, lower, i, nextLower)
		if lower == upper {
			nextUpper = nextLower
		} else {
			nextUpper = next(text, upper, i, nextUpper)
		}
		i = min(nextLower, nextUpper)
		if i+len(part) > len(text) {
			return false
		}
		if equalFold(text[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// next returns the position of b at or behind from, given the last answer.
func next(text string, b byte, from, last int) int {
	if last >= from {
		return last
	}
	if i := strings.IndexByte(text[from:], b); i >= 0 {
		return from + i
	}
	return len(text)
}

func equalFold(a, b string) bool {
	for i := range len(a) {
		if lowerByte(a[i]) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

func lowerByte(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// Lower is text with its ASCII letters in lower case.
func Lower(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return text
	}
	b := []byte(text)
	for i := range b {
		b[i] = lowerByte(b[i])
	}
	return string(b)
}
