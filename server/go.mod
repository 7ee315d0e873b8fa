module github.com/tailrace-go/tailrace/server

go 1.26.0

replace github.com/tailrace-go/tailrace => ../

require (
	github.com/klauspost/compress v1.20.3
	github.com/tailrace-go/tailrace v0.0.0-00010101000000-000000000000
	go.uber.org/goleak v1.3.0
)

require (
	github.com/jpillora/backoff v1.0.0 // indirect
	golang.org/x/sync v0.22.0 // indirect
)
