package intake_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

// Who asks first is served first, also before one who would be content with less; one who gives up makes way.
func TestRoomIsGivenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := intake.NewRoom(10)
		if !room.Take(t.Context(), 8) || room.InUse() != 8 {
			t.Fatal("an empty room is full")
		}
		var order []int64
		for _, bytes := range []int64{5, 1, 4} {
			go func() {
				if room.Take(t.Context(), bytes) {
					order = append(order, bytes) // one at a time: each waits for the last to give
				}
			}()
			synctest.Wait()
		}
		if len(order) > 0 {
			t.Errorf("%v overtook the first", order)
		}
		for _, bytes := range []int64{3, 1, 4} {
			room.Give(bytes)
			synctest.Wait()
		}
		if !slices.Equal(order, []int64{5, 1, 4}) || room.InUse() != 10 {
			t.Errorf("order %v, %d in use", order, room.InUse())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		behind := make(chan bool)
		go func() { behind <- room.Take(t.Context(), 1) }()
		synctest.Wait()
		if room.Take(ctx, 10) {
			t.Error("a full room had room")
		}
		room.Give(1)
		if !<-behind || room.InUse() != 10 {
			t.Errorf("%d in use", room.InUse())
		}
	})
}
