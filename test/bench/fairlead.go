//go:build linux

package main

import (
	"context"
	"net/netip"
	"os/exec"
	"time"
)

// fairlead is one running instance of the program under test.
type fairlead struct {
	*process
	dns netip.AddrPort
}

// nowhere is an outside resolver that is not there: nothing here asks outside
// unless it brings a server of its own.
const nowhere = "127.0.0.1:9"

// runFairlead starts `fairlead run` on a folder. It does not wait.
func (b *bench) runFairlead(dir string, upstream string) (*fairlead, error) {
	at, err := freePort(netip.MustParseAddr("127.112.0.10"))
	if err != nil {
		return nil, err
	}
	http, err := freePort(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		return nil, err
	}
	p, err := b.start("fairlead", exec.Command(b.binary, "run", "--dns-listen", at.String(),
		"--service-cidr", serviceCIDR, "--http-listen", http.String(), "--upstream", upstream, dir))
	if err != nil {
		return nil, err
	}
	return &fairlead{p, at}, nil
}

// startLimit is how long anything may take to start.
const startLimit = time.Minute

// serving waits for the first right answer about the last service, and returns
// how long that took since the process was started.
func serving(ctx context.Context, p *process, server netip.AddrPort, last service) (time.Duration, error) {
	w, err := watch(server, last.host())
	if err != nil {
		return 0, err
	}
	defer w.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.done:
			cancel(p.alive())
		case <-ctx.Done():
		}
	}()
	at, err := w.until(ctx, last.want(), startLimit)
	if err != nil {
		if died := p.alive(); died != nil {
			err = died
		}
		return 0, err
	}
	return at.Sub(p.began), nil
}

// serve starts fairlead on generated services and waits until it answers.
func (b *bench) serve(ctx context.Context, all []service) (*fairlead, error) {
	dir, err := b.manifests(all)
	if err != nil {
		return nil, err
	}
	f, err := b.runFairlead(dir, nowhere)
	if err != nil {
		return nil, err
	}
	_, err = serving(ctx, f.process, f.dns, all[len(all)-1])
	return f, err
}
