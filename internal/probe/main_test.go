package probe

import (
	"os"
	"testing"

	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }
