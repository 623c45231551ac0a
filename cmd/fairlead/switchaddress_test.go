package main

import (
	"strings"
	"testing"
)

// TestSwitchStaysHere: another machine's manifests are not on this one.
func TestSwitchStaysHere(t *testing.T) {
	for address, here := range map[string]bool{
		"127.0.0.1:8053": true, "[::1]:8053": true, "localhost:8053": true, ":8053": true, "0.0.0.0:8053": true,
		"10.0.0.7:8053": false, "[2001:db8::1]:8053": false, "db.example.com:8053": false,
	} {
		f := switchFlags{address: address}
		_, err := f.request([]string{"db", "standby"})
		if (err == nil) != here {
			t.Errorf("%s: got %v, want it taken: %v", address, err, here)
		}
		if err != nil && !strings.Contains(err.Error(), "run fairlead switch there") {
			t.Errorf("%s: %v says not what to do", address, err)
		}
	}
}
