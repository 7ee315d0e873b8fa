package outcome

import "fmt"

// A Contest is a job that is about to be measured.
type Contest struct {
	Name, Base string
	Figures    []string // what a turn gives, as units
	Entries    []Entry
}

// An Entry is one implementation.
type Entry struct {
	Name string
	Turn func() ([]float64, error) // does the job once
}

// Hold lets every entry have its turn in each round.
func (c Contest) Hold(rounds int) (Job, error) {
	measured := Job{Name: c.Name, Environment: Environment(), Base: c.Base, Figures: c.Figures}
	for _, e := range c.Entries {
		measured.Impls = append(measured.Impls, Impl{Name: e.Name, Rounds: make([][]float64, rounds)})
	}
	for round := range rounds {
		for turn := range c.Entries {
			i := (turn + round) % len(c.Entries) // nobody always follows the same neighbour's garbage first
			figures, err := c.Entries[i].Turn()
			if err != nil {
				return measured, err
			}
			if len(figures) != len(c.Figures) {
				return measured, fmt.Errorf("%s/impl=%s gave %d figures, want %d", c.Name, c.Entries[i].Name, len(figures), len(c.Figures))
			}
			for f := range figures {
				figures[f] = Round(figures[f])
			}
			measured.Impls[i].Rounds[round] = figures
		}
	}
	return measured, nil
}
