package sink

import (
	"slices"
	"strings"
	"testing"
)

func TestAcceptEncoding(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []string
		want   []string
	}{
		{"none", nil, []string{}},
		{"an empty field", []string{""}, []string{}},
		{"a list", []string{"gzip, zstd"}, []string{"gzip", "zstd"}},
		{"several fields", []string{"gzip", "zstd , br"}, []string{"gzip", "zstd", "br"}},
		{"weights", []string{"gzip;q=0.5, zstd;q=1.0, s2;q=0.8"}, []string{"zstd", "s2", "gzip"}},
		{"equal weights keep their order", []string{"zstd;q=0.5,gzip;q=0.5"}, []string{"zstd", "gzip"}},
		{"q=0 excludes", []string{"gzip;q=0, zstd"}, []string{"zstd"}},
		{"q=0.000 excludes, wherever it stands", []string{"gzip, zstd, gzip;q=0.000"}, []string{"zstd"}},
		{"identity is no coding", []string{"identity, gzip, *;q=0"}, []string{"gzip"}},
		{"identity alone", []string{"identity"}, []string{}},
		{"the wildcard names nothing", []string{"*"}, []string{}},
		{"case and space", []string{"\tGZIP ; Q = 0.5 ,  Zstd"}, []string{"zstd", "gzip"}},
		{"other names", []string{"x-gzip, gzip"}, []string{"gzip"}},
		{"other parameters", []string{"gzip;level=9;q=0.1, zstd;q=0.2;x"}, []string{"zstd", "gzip"}},
		{"weights that are none", []string{"gzip;q=2, zstd;q=-1, br;q=NaN, s2;q=1e-1, lz4;q=, snappy"}, []string{"snappy"}},
		{"no token", []string{"g zip, zs\x00td, br"}, []string{"br"}},
		{"too many", []string{strings.Repeat("a,", 10) + "b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r"}, []string{"a", "b", "c", "d", "e", "f", "g"}},
	} {
		if got := acceptEncoding(test.values); !slices.Equal(got, test.want) || got == nil {
			t.Errorf("%s: %q gives %q, want %q", test.name, test.values, got, test.want)
		}
	}
}

func FuzzAcceptEncoding(f *testing.F) {
	for _, value := range []string{"", "gzip", "gzip;q=0.5, zstd;q=1", "*;q=0", ";;;,,q=", "x-gzip;q=0,gzip"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		takes := acceptEncoding([]string{value})
		for i, name := range takes {
			if name == "" || name == "identity" || name != canonical(name) || slices.Contains(takes[:i], name) || len(takes) > maxCodings {
				t.Errorf("%q gives %q", value, takes)
			}
		}
		if again := acceptEncoding([]string{strings.Join(takes, ",")}); !slices.Equal(takes, again) {
			t.Errorf("%q gives %q, and that %q", value, takes, again)
		}
	})
}
