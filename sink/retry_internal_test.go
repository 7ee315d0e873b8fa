package sink

import (
	"net/http"
	"testing"
	"time"
)

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "7", " 7\t", "-1", "1e30", "NaN", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"} {
		f.Add(value, int64(0), int64(30))
	}
	f.Fuzz(func(t *testing.T, value string, now, seconds int64) {
		most := time.Duration(min(max(seconds, 0), 1<<32)) * time.Second
		got := retryAfter(http.Header{"Retry-After": {value}}, time.Unix(now, 0), most)
		if got < 0 || got > most {
			t.Errorf("%q at %d: %v, want at most %v", value, now, got, most)
		}
	})
}
