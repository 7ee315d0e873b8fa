module github.com/tailrace-go/tailrace/bench

go 1.26.0

replace github.com/tailrace-go/tailrace => ../

require (
	github.com/tailrace-go/tailrace v0.0.0-00010101000000-000000000000
	go.etcd.io/bbolt v1.5.0
	golang.org/x/sync v0.22.0
)

require (
	github.com/jpillora/backoff v1.0.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	golang.org/x/sys v0.45.0 // indirect
)
