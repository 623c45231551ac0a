//go:build linux

package failover_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/cluster"
	"fairlead.dev/test/controller"
	"fairlead.dev/test/failover"
	"fairlead.dev/test/lab"
	"fairlead.dev/test/traffic"
)

// theatre is the cluster of all plays, and the stage on it, which the first test
// makes.
type theatre struct {
	*cluster.Shared
	stage *failover.Stage
}

var shared = theatre{Shared: cluster.NewShared(failover.Options())}

var program = controller.NewProgram()

func TestMain(m *testing.M) {
	os.Exit(program.Run(func() int { return shared.Run(m) }))
}

func theStage(t *testing.T) *failover.Stage {
	t.Helper()
	lab.Skip(t, "nft")
	c := shared.Get(t)
	if shared.stage == nil {
		var err error
		if shared.stage, err = failover.NewStage(c); err != nil {
			t.Fatal(err)
		}
		// Other tests run on the machine; and with 50 connections a second, each of
		// which a database forks for, two processors have no time left for the cluster.
		shared.stage.Every = 50 * time.Millisecond
		shared.stage.Patience = 3 * time.Second
	}
	return shared.stage
}

// open begins a play, which ends with the test.
func open(t *testing.T, way failover.Way) *failover.Play {
	t.Helper()
	p, err := theStage(t).Open(t.Context(), way)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// log ends the client, shows what it saw, and keeps it for `go test -artifacts`,
// with a picture of it.
func log(t *testing.T, p *failover.Play) traffic.Log {
	t.Helper()
	l := p.Log()
	t.Logf("%s\n%s", p.Way.Name, l)
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, ".json", text)
	keep(t, ".svg", []byte(picture(p.Way.Name, l)))
	return l
}

func keep(t *testing.T, ext string, text []byte) {
	t.Helper()
	name := strings.ReplaceAll(t.Name(), "/", "-") + ext
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), text, 0o644); err != nil {
		t.Error(err)
	}
}

// picture draws a log from just before the first thing that happened.
func picture(name string, l traffic.Log) string {
	if len(l.Marks) == 0 {
		return ""
	}
	const before = 500 * time.Millisecond
	zero := l.Marks[0].At
	if l = l.Since(zero.Add(-before)); len(l.Attempts) == 0 {
		return ""
	}
	end := l.Attempts[len(l.Attempts)-1].End()
	row := traffic.Row{Name: name, Log: l, Zero: zero, Marked: true}
	return traffic.Timeline([]traffic.Row{row}, before, end.Sub(zero))
}
