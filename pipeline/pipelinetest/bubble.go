package pipelinetest

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// Bubble runs judge in a bubble of testing/synctest and returns its error. Where synctest would
// end the process, because goroutines are blocked for ever or outlive judge, it returns an error
// that says which.
func Bubble(t *testing.T, judge func(t *testing.T) error) (err error) {
	t.Helper()
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		text := fmt.Sprint(v)
		if !strings.HasPrefix(text, "deadlock: ") {
			panic(v)
		}
		if err != nil {
			text += "\nafter: " + err.Error()
		}
		err = fmt.Errorf("%s\n%s", text, blocked())
	}()
	synctest.Test(t, func(t *testing.T) { err = judge(t) })
	return err
}

// blocked is the stacks of the goroutines that are stuck in the newest bubble.
func blocked() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	newest, found := 0, []string(nil)
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		head, _, _ := strings.Cut(stack, "\n")
		_, bubble, _ := strings.Cut(head, "synctest bubble ")
		number, err := strconv.Atoi(strings.TrimRight(bubble, "]:"))
		if err != nil || number < newest {
			continue // in no bubble, or in one that was left behind before
		}
		if number > newest {
			newest, found = number, nil
		}
		found = append(found, stack)
	}
	return strings.Join(found, "\n\n")
}
