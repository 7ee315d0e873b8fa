package faults

var shutdownRows = Section{Title: "Shutdown", Rows: []Row{}}
