// Package web is the dashboard.
package web

//go:generate go -C build run .
