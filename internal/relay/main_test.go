package relay

import (
	"os"
	"testing"

	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) {
	if to := os.Getenv(benchEndpoint); to != "" {
		os.Exit(relayFor(to, os.Getenv(benchListen)))
	}
	os.Exit(leak.Run(m))
}
