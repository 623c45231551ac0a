//go:build linux

package failover

import (
	"context"
	"net"

	"fairlead.dev/test/traffic"
)

// Fault is what happens to the primary.
type Fault struct {
	Name string
	// Strike makes it happen and returns once it has. Heal ends it; the server is
	// then as it was before, a primary that nobody told anything.
	Strike, Heal func(context.Context, *Play) error
}

// Kill ends the primary as the kernel does when memory is short: kill -9.
func Kill() Fault {
	return Fault{
		Name:   "kill -9",
		Strike: func(_ context.Context, p *Play) error { p.DBA.Kill(); return nil },
		Heal: func(ctx context.Context, p *Play) error {
			if err := p.DBA.Start(); err != nil {
				return err
			}
			return p.DBA.Ready(ctx)
		},
	}
}

// Hang stops every process of the primary: connections are accepted by the
// kernel, and nothing is ever answered.
func Hang() Fault {
	return Fault{
		Name:   "SIGSTOP",
		Strike: func(_ context.Context, p *Play) error { return p.DBA.Pause() },
		Heal:   func(_ context.Context, p *Play) error { return p.DBA.Resume() },
	}
}

// Cut has the primary's network drop every packet, without a reset.
func Cut() Fault {
	return Fault{
		Name:   "network cut",
		Strike: func(_ context.Context, p *Play) error { return p.HostA.Cut() },
		Heal:   func(_ context.Context, p *Play) error { return p.HostA.Mend() },
	}
}

// Refuse has the primary answer every newcomer with an error of class 53,
// insufficient resources: its connections are used up.
func Refuse() Fault {
	return Fault{
		Name: "refusal",
		Strike: func(ctx context.Context, p *Play) (err error) {
			dial := func(ctx context.Context) (net.Conn, error) {
				return p.HostB.Dial(ctx, "tcp", net.JoinHostPort(addrA, port))
			}
			p.release, err = traffic.Occupy(ctx, dial, "postgres", "postgres")
			return err
		},
		Heal: func(_ context.Context, p *Play) error {
			p.release()
			p.release = nil
			return nil
		},
	}
}

// Faults are all of them.
func Faults() []Fault { return []Fault{Kill(), Hang(), Cut(), Refuse()} }
