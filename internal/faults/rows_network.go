package faults

var networkRows = Section{Title: "Network", Rows: []Row{}}
