package faults

var inputRows = Section{Title: "Bad input", Rows: []Row{}}
