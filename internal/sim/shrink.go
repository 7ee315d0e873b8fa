package main

import "time"

// shrink returns the least of a failing schedule that it finds to fail still: it takes faults away one
// by one, then lowers amounts. fails is called at most limit times, and should play a schedule more
// than once where only some interleavings fail.
func shrink(s *Schedule, limit int, fails func(*Schedule) bool) *Schedule {
	try := func(change func(*Schedule) bool) bool {
		if limit <= 0 {
			return false
		}
		next := s.clone()
		if !change(next) {
			return false
		}
		limit--
		if !fails(next) {
			return false
		}
		s = next
		return true
	}
	for better := true; better && limit > 0; {
		better = false
		for i := len(s.Faults) - 1; i >= 0; i-- {
			better = try(func(s *Schedule) bool {
				s.Faults = append(s.Faults[:i], s.Faults[i+1:]...)
				return true
			}) || better
		}
		for _, lower := range lowers {
			for try(lower) {
				better = true
			}
		}
	}
	return s
}

// lowers are the ways in which a schedule gets simpler, each reporting whether it did.
var lowers = []func(*Schedule) bool{
	func(s *Schedule) bool { f := s.Flushes; s.Flushes = nil; return f != nil },
	func(s *Schedule) bool { return halve(&s.Items, 1) },
	func(s *Schedule) bool { return set(&s.Items, s.Items-1, s.Items > 1) },
	func(s *Schedule) bool { return set(&s.Producers, 1, s.Producers > 1) },
	func(s *Schedule) bool { return set(&s.MaxSenders, s.Senders, s.MaxSenders > s.Senders) },
	func(s *Schedule) bool {
		return set(&s.MaxSenders, 1, s.Senders > 1) && set(&s.Senders, 1, true)
	},
	func(s *Schedule) bool { return set(&s.Compression, "none", s.Compression != "none") },
	func(s *Schedule) bool { return set(&s.Workers, 1, s.Workers > 1) },
	func(s *Schedule) bool { return set(&s.Filter, 0, s.Filter > 0) },
	func(s *Schedule) bool { return set(&s.Actor, false, s.Actor) },
	func(s *Schedule) bool { return set(&s.MaxRetries, 0, s.MaxRetries > 0) },
	func(s *Schedule) bool { return set(&s.Patience, 0, s.Patience > 0) },
	func(s *Schedule) bool { return set(&s.Every, 0, s.Every > 0) },
	func(s *Schedule) bool { return halve(&s.Heal, time.Second) },
	func(s *Schedule) bool {
		for i := range s.Faults {
			if halve(&s.Faults[i].N, 1) {
				return true
			}
		}
		return false
	},
	func(s *Schedule) bool {
		return s.Spool != nil && set(&s.Spool.Crashes, s.Spool.Crashes[:max(0, len(s.Spool.Crashes)-1)], len(s.Spool.Crashes) > 1)
	},
	func(s *Schedule) bool { return s.Close != nil && set(&s.Close.Twice, false, s.Close.Twice) },
}

func set[T any](field *T, value T, is bool) bool {
	if is {
		*field = value
	}
	return is
}

func halve[T int | time.Duration](field *T, least T) bool {
	return set(field, *field/2, *field/2 >= least)
}
