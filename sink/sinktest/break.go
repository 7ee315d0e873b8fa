package sinktest

import "io"

// ResetBeforeBody resets the connection when the headers have arrived, before it reads the body.
func ResetBeforeBody() Fault {
	return func(x *exchange) bool {
		reset(x.seize())
		return true
	}
}

// ResetMidBody resets the connection when it has read half of the body.
func ResetMidBody() Fault {
	return func(x *exchange) bool {
		x.readHalf()
		reset(x.seize())
		return true
	}
}

// ResetAfterBody resets the connection when it has read the body. Nothing is stored.
func ResetAfterBody() Fault {
	return func(x *exchange) bool {
		x.reject()
		reset(x.seize())
		return true
	}
}

// CloseMidBody closes the connection, without a reset, when it has read half of the body.
func CloseMidBody() Fault {
	return func(x *exchange) bool {
		x.readHalf()
		conn := x.seize()
		if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			// TCP resets a connection that is closed with unread bytes, so read them.
			_, _ = io.Copy(io.Discard, conn)
		}
		return true
	}
}

// AnswerLost stores, and resets the connection in place of the answer: the client cannot know
// the outcome. What the healthy collector refuses is refused, and that answer is not lost.
func AnswerLost() Fault {
	return func(x *exchange) bool {
		if _, ok := x.accept(0, ""); ok {
			reset(x.seize())
		}
		return true
	}
}

// readHalf reads half of the body, or one byte where its length is not known.
func (x *exchange) readHalf() {
	n := int64(1)
	if x.r.ContentLength >= 0 {
		n = x.r.ContentLength / 2
	}
	_, _ = io.CopyN(io.Discard, x.body, n) // a shorter body ends the same way
}
