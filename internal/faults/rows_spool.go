package faults

var spoolRows = Section{Title: "The spool", Rows: []Row{}}
