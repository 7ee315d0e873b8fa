package stages

import "fmt"

// errNil is the error of a stage that was given no function.
func errNil(param string) error { return fmt.Errorf("the function %s is nil", param) }
