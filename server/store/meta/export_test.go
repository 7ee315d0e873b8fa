package meta

// Migrations makes files of older versions.
var Migrations = migrations
