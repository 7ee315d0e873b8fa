package outcome

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func job(name string, first float64) Job {
	return Job{
		Name: name, Environment: `go1.26, "quoted"`, Base: "floor", Figures: []string{"ns/item", "allocs/item"},
		Impls: []Impl{
			{Name: "floor", Rounds: [][]float64{{first, 0}, {1234, 0.0001}}},
			{Name: "ours <&>", Rounds: [][]float64{{20.5, 1e-5}, {3e9, 0.5}}},
		},
	}
}

func TestWhatIsKeptIsWhatWasMeasured(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	want := []Job{job("J4/producers=1", 10), job("J4/producers=8", 10), job("J5", 10)}
	groups, err := Keep(dir, want)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(groups, []string{"J4", "J5"}) {
		t.Errorf("wrote the groups %v", groups)
	}
	got, err := ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestAJobTakesThePlaceOfItsOldSelfOnly(t *testing.T) {
	dir := t.TempDir()
	for _, jobs := range [][]Job{{job("J4/producers=1", 1), job("J4/producers=8", 2)}, {job("J4/producers=1", 3)}} {
		if _, err := Keep(dir, jobs); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(dir, "J4")
	if err != nil {
		t.Fatal(err)
	}
	if want := []Job{job("J4/producers=1", 3), job("J4/producers=8", 2)}; !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// A line for each implementation: a difference of two files names those that have changed.
func TestAFileHasALineForEachImplementation(t *testing.T) {
	text, err := encode([]Job{job("J1", 10)})
	if err != nil {
		t.Fatal(err)
	}
	if want := "   {\"name\": \"floor\", \"rounds\": [[10, 0], [1234, 0.0001]]},\n"; !strings.Contains(string(text), want) {
		t.Errorf("no line %q in\n%s", want, text)
	}
}

func TestFilesThatAreNotWholeAreErrors(t *testing.T) {
	for _, c := range []struct{ name, text, says string }{
		{"no JSON", "{", "unexpected EOF"},
		{"another shape", `[{"jobs": 1}]`, "unknown field"},
		{"a round missing", `[{"name":"J","figures":["ns"],"impls":[{"name":"a","rounds":[[1],[2]]},{"name":"b","rounds":[[1]]}]}]`, "1 rounds"},
		{"a figure missing", `[{"name":"J","figures":["ns"],"impls":[{"name":"a","rounds":[[]]}]}]`, "0 figures"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "J.json"), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := ReadAll(dir)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "J.json") {
				t.Errorf("ReadAll returned %v, want an error with J.json and %q", err, c.says)
			}
			if _, err := Keep(dir, []Job{job("J", 1)}); err == nil {
				t.Error("Keep wrote over a file that it cannot read")
			}
		})
	}
}

func TestWhatIsNoNumberIsNotKept(t *testing.T) {
	if _, err := Keep(t.TempDir(), []Job{job("J", math.NaN())}); err == nil || !strings.Contains(err.Error(), "ns/item") {
		t.Errorf("Keep returned %v, want an error that names the figure", err)
	}
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	got := Ratios([]float64{200, 2000, 30}, []float64{100, 1000, 10}) // ten times as slow in round 2
	if want := []float64{2, 2, 3}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, 1}, 2},
		{[]float64{9, 1, 2}, 2},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("Median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestFourDigitsAreKept(t *testing.T) {
	for value, want := range map[float64]float64{0: 0, 12345.6: 12350, 0.000123456: 0.0001235, 26.04: 26.04, -1.23456: -1.235} {
		if got := Round(value); got != want {
			t.Errorf("Round(%v) = %v, want %v", value, got, want)
		}
	}
}

func TestTheEnvironmentNamesTheProcessor(t *testing.T) {
	if got := processor("processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nmodel name\t: B\n"); got != "A CPU @ 2 GHz" {
		t.Errorf("got %q", got)
	}
	if got := processor(""); got != "unknown processor" {
		t.Errorf("got %q", got)
	}
	if got := Environment(); !strings.Contains(got, "cores") {
		t.Errorf("got %q", got)
	}
}
