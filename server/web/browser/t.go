package browser

import "context"

// T is what the rig needs of a *testing.T. The command shots has another one, and so have the rig's own tests, which must
// see it fail. Fatalf and Skipf do not return.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	TempDir() string
	ArtifactDir() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}
