module github.com/tailrace-go/tailrace

go 1.26.0

require (
	github.com/jpillora/backoff v1.0.0
	github.com/klauspost/compress v1.20.3
	go.uber.org/goleak v1.3.0
	golang.org/x/sync v0.22.0
	pgregory.net/rapid v1.3.0
)
