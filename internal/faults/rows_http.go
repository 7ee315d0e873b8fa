package faults

var httpRows = Section{Title: "HTTP answers", Rows: []Row{}}
