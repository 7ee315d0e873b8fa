package stages

import (
	"errors"
	"fmt"
)

// ErrTooLarge is matched when an encoded item, or a decoded body, is larger than a limit. The
// error names the limit.
var ErrTooLarge = errors.New("too large")

// ErrEncoding is matched when a body has a content encoding that [Decompress] does not know.
var ErrEncoding = errors.New("unknown content encoding")

// errNil is the error of a stage that was given no function.
func errNil(param string) error { return fmt.Errorf("the function %s is nil", param) }
