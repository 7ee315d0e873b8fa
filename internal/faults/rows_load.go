package faults

var loadRows = Section{Title: "Clock and load", Rows: []Row{}}
