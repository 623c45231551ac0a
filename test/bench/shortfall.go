//go:build linux

package main

// shortfall says why a goal is missed and what would close the gap. It is
// written by hand, from profiles; the page shows it only where it applies.
func shortfall(id string) string {
	switch id {
	default:
		return "Not examined yet."
	}
}
