package faults

var simulatorRows = Section{Title: "The simulator", Rows: []Row{}}
