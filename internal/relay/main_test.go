package relay

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if to := os.Getenv(benchEndpoint); to != "" {
		os.Exit(relayFor(to, os.Getenv(benchListen)))
	}
	goleak.VerifyTestMain(m)
}
