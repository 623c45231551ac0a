package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"fairlead.dev/internal/model"
)

// The test binary stands in for fairlead in the scripts of testdata.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fairlead": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

func TestScripts(t *testing.T) {
	var instances atomic.Int32
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: map[string]func(*testscript.TestScript, bool, []string){
		// serve PATH... is `fairlead run PATH...` until the script ends. $HTTP is where
		// its status page is.
		"serve": func(ts *testscript.TestScript, _ bool, paths []string) {
			ts.Setenv("HTTP", serveScript(ts, fmt.Sprintf("127.98.%d", 100+instances.Add(1)), paths))
		},
	}})
}

// serveScript runs the wired program on addresses that begin with net, and returns
// the address of its status page.
func serveScript(ts *testscript.TestScript, net string, paths []string) string {
	for i := range paths {
		paths[i] = ts.MkAbs(paths[i])
	}
	flags := runFlags{
		dnsListen: net + ".10:0", serviceCIDR: []string{net + ".0/24"}, domain: "cluster.local",
		upstream: []string{"127.0.0.1:1"}, httpListen: "127.0.0.1:0", logFormat: "text", drainTimeout: time.Millisecond,
	}
	var out syncBuffer
	cmd := new(cobra.Command)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	o, err := flags.options(cmd, paths)
	ts.Check(err)
	o.probes = well{}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, o) }()
	ts.Defer(func() {
		stop()
		ts.Check(<-done)
	})
	page := regexp.MustCompile(`status page +http://(\S+)`)
	for range 1000 {
		if m := page.FindStringSubmatch(out.String()); m != nil {
			return m[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("it does not serve:\n%s", out.String())
	return ""
}

// well finds every endpoint up, and sends nothing: the addresses of the scripts are
// somebody else's.
type well struct{}

func (well) Probe(_ context.Context, _ string, _ *model.Probe, c model.Check) model.Result {
	return model.Result{Check: c, Began: time.Now(), Up: true}
}
