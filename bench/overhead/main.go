// Command overhead measures what the engine's statistics and its marks cost on J1, in CPU time. It
// builds itself three times, as it is and with each of the two compiled out, runs the three in
// turn for so many rounds, and prints the difference with its 95 % interval:
//
//	go run ./bench/overhead [-rounds 20] [-items 5000000]
//
// A mark is one bit of a word that is looked at before each item anyway, since it also tells that the
// run ends or that nothing gets through. So the third variant bounds the cost of marks from above: a
// program without marks would have to look, too.
//
// The switches are constants of package pipeline that only a build tag changes.
package main

import (
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-go/tailrace/bench/jobs"
)

// A variant is this program built with a tag.
type variant struct{ name, tag string }

var variants = []variant{
	{"as it is", ""},
	{"without statistics", "tailrace_nostats"},
	{"without looking for marks or the end", "tailrace_nomarks"},
}

func main() {
	log.SetFlags(0)
	child := flag.String("child", "", "run this implementation of J1 once and print its CPU ns per item")
	rounds := flag.Int("rounds", 20, "rounds; each runs every variant once")
	items := flag.Int("items", 5_000_000, "items in a run")
	flag.Parse()
	if *child != "" {
		fmt.Println(once(*child, *items))
		return
	}
	if err := compare(*rounds, *items); err != nil {
		log.Fatal(err)
	}
}

// once runs J1 and returns the CPU ns per item.
func once(impl string, items int) float64 {
	i := slices.IndexFunc(jobs.J1.Impls, func(i jobs.Impl) bool { return i.Name == impl })
	if i < 0 {
		log.Fatalf("J1 has no implementation %q", impl)
	}
	jobs.J1.Impls[i].Run(items / 10)
	before := jobs.CPUTime()
	jobs.J1.Impls[i].Run(items)
	return float64(jobs.CPUTime()-before) / float64(items)
}

// compare builds the variants, runs them in turn and prints the table.
func compare(rounds, items int) error {
	dir, err := os.MkdirTemp("", "overhead")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for i, v := range variants {
		build := exec.Command("go", "build", "-tags", v.tag, "-o", binary(dir, i), "github.com/tailrace-go/tailrace/bench/overhead")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", v.name, err, out)
		}
	}
	fmt.Println("| J1 | CPU ns/item | cost of what is left out, 95 % interval |")
	fmt.Println("|---|---:|---:|")
	for _, impl := range []string{"tailrace", "tailrace-inplace"} {
		taken, err := measure(dir, impl, rounds, items)
		if err != nil {
			return err
		}
		report(impl, taken)
	}
	return nil
}

func binary(dir string, i int) string { return filepath.Join(dir, "v"+strconv.Itoa(i)) }

// measure returns the CPU ns per item by variant and round. The order turns each round.
func measure(dir, impl string, rounds, items int) ([][]float64, error) {
	taken := make([][]float64, len(variants))
	for round := range rounds {
		for k := range variants {
			i := (k + round) % len(variants)
			out, err := exec.Command(binary(dir, i), "-child", impl, "-items", strconv.Itoa(items)).Output()
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", impl, variants[i].name, err)
			}
			ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil {
				return nil, err
			}
			taken[i] = append(taken[i], ns)
		}
	}
	return taken, nil
}

// report prints a line for each variant. The cost is the mean of same-round differences, as a part
// of what the variant as it is takes.
func report(impl string, taken [][]float64) {
	for i, v := range variants {
		cost := ""
		if i > 0 {
			mean, half := interval(taken[0], taken[i])
			cost = fmt.Sprintf("%+.1f %% ± %.1f", mean*100, half*100)
		}
		fmt.Printf("| %s, %s | %.1f | %s |\n", impl, v.name, median(taken[i]), cost)
	}
}

// interval is the mean of (full-less)/full over the rounds, and half its 95 % interval.
func interval(full, less []float64) (mean, half float64) {
	n := float64(len(full))
	var sum, squares float64
	for i := range full {
		d := (full[i] - less[i]) / full[i]
		sum += d
		squares += d * d
	}
	mean = sum / n
	variance := max(squares/n-mean*mean, 0) * n / max(n-1, 1)
	t := 1.96 + 2.5/max(n-1, 1) // near enough to Student's t from 10 rounds on
	return mean, t * math.Sqrt(variance/n)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
