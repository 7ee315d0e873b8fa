package outcome

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Keep writes jobs into the files of their groups in dir, which it makes if need be. A job takes the place of the one
// of its name, and the other jobs of its group stay. It returns the groups that it has written, sorted.
func Keep(dir string, jobs []Job) (groups []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	byGroup := map[string][]Job{}
	for _, job := range jobs {
		byGroup[Group(job.Name)] = append(byGroup[Group(job.Name)], job)
	}
	for group, measured := range byGroup {
		kept, err := Read(dir, group)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, job := range measured {
			if i := slices.IndexFunc(kept, func(k Job) bool { return k.Name == job.Name }); i >= 0 {
				kept[i] = job
			} else {
				kept = append(kept, job)
			}
		}
		text, err := encode(kept)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(path(dir, group), text, 0o644); err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	slices.Sort(groups)
	return groups, nil
}

// Read returns the jobs of one group that dir has. An error for which there is no file matches [fs.ErrNotExist].
func Read(dir, group string) ([]Job, error) {
	text, err := os.ReadFile(path(dir, group))
	if err != nil {
		return nil, err
	}
	jobs, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path(dir, group), err)
	}
	return jobs, nil
}

// ReadAll returns the jobs of all files of dir, by group.
func ReadAll(dir string) ([]Job, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []Job
	for _, p := range paths { // sorted by Glob
		jobs, err := Read(dir, strings.TrimSuffix(filepath.Base(p), ".json"))
		if err != nil {
			return nil, err
		}
		all = append(all, jobs...)
	}
	return all, nil
}

func path(dir, group string) string { return filepath.Join(dir, group+".json") }

// encode has a line for each implementation, so that a difference shows whose figures have changed.
func encode(jobs []Job) ([]byte, error) {
	var w bytes.Buffer
	w.WriteString("[\n")
	for i, job := range jobs {
		fmt.Fprintf(&w, " {\"name\": %s,\n  \"environment\": %s,\n  \"base\": %s,\n  \"figures\": %s,\n  \"impls\": [\n",
			marshal(job.Name), marshal(job.Environment), marshal(job.Base), spaced(job.Figures))
		for k, impl := range job.Impls {
			rounds := make([]string, len(impl.Rounds))
			for round, figures := range impl.Rounds {
				for f, value := range figures {
					if math.IsNaN(value) || math.IsInf(value, 0) {
						return nil, fmt.Errorf("%s/impl=%s: %s is %v in round %d", job.Name, impl.Name, job.Figures[f], value, round+1)
					}
				}
				rounds[round] = spaced(figures)
			}
			fmt.Fprintf(&w, "   {\"name\": %s, \"rounds\": [%s]}%s\n", marshal(impl.Name), strings.Join(rounds, ", "), comma(k, len(job.Impls)))
		}
		fmt.Fprintf(&w, "  ]}%s\n", comma(i, len(jobs)))
	}
	w.WriteString("]\n")
	return w.Bytes(), nil
}

func decode(text []byte) ([]Job, error) {
	from := json.NewDecoder(bytes.NewReader(text))
	from.DisallowUnknownFields()
	var jobs []Job
	if err := from.Decode(&jobs); err != nil {
		return nil, err
	}
	for i := range jobs {
		job := &jobs[i]
		for _, impl := range job.Impls {
			if len(impl.Rounds) != job.Rounds() {
				return nil, fmt.Errorf("%s/impl=%s has %d rounds, others have %d", job.Name, impl.Name, len(impl.Rounds), job.Rounds())
			}
			for round, figures := range impl.Rounds {
				if len(figures) != len(job.Figures) {
					return nil, fmt.Errorf("%s/impl=%s has %d figures in round %d, want %d", job.Name, impl.Name, len(figures), round+1, len(job.Figures))
				}
			}
		}
	}
	return jobs, nil
}

// marshal is for text and numbers, which always have a JSON form.
func marshal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// spaced is a list with a space behind each comma between its values.
func spaced[T any](values []T) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = marshal(v)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func comma(i, n int) string {
	if i == n-1 {
		return ""
	}
	return ","
}
