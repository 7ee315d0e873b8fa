package jobs

import "strconv"

// depths are the channel depths of the implementations chan0, chan64 and chan1024.
var depths = []int{0, 64, 1024}

func chanName(depth int) string { return "chan" + strconv.Itoa(depth) }
