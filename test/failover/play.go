//go:build linux

package failover

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairlead.dev/test/lab"
	"fairlead.dev/test/traffic"
)

// limit ends a wait that will never end by itself. It is no promise.
const limit = 90 * time.Second

// settled is how many connections in a row say that clients have arrived.
const settled = 10

// prefix is that of the namespaces of plays.
const prefix = "failover-"

// Play is one way, under whatever happens: fresh databases, a namespace, and a
// client at work. End it with Close.
type Play struct {
	*Stage
	Way       Way
	Namespace string
	DBA, DBB  *lab.Postgres
	Client    *traffic.Run

	release func() // what Refuse holds
	stopped bool
}

// Open makes everything and returns once clients are served by A.
func (s *Stage) Open(ctx context.Context, way Way) (*Play, error) {
	p := &Play{Stage: s, Way: way, Namespace: prefix + strings.ToLower(rand.Text()[:6])}
	if err := p.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", way.Name, err), p.Close())
	}
	return p, nil
}

func (p *Play) open(ctx context.Context) (err error) {
	if err := p.tell(); err != nil {
		return err
	}
	if p.DBA, p.DBB, err = p.databases(ctx); err != nil {
		return err
	}
	if err := p.apply(ctx, "{apiVersion: v1, kind: Namespace, metadata: {name: "+p.Namespace+"}}"); err != nil {
		return err
	}
	if err := p.apply(ctx, p.Way.Manifests); err != nil {
		return err
	}
	dial, err := p.dial(ctx)
	if err != nil {
		return err
	}
	p.Client = traffic.Client{
		Dial: dial, Every: p.Every, Timeout: p.Patience,
		User: "app", Database: "postgres", Table: "traffic",
	}.Start(context.WithoutCancel(ctx))
	return p.Served(ctx, A, time.Now())
}

// Close ends the client, the databases and what holds them, and takes faults
// back. The namespace goes, too.
func (p *Play) Close() error {
	p.Log()
	if p.release != nil {
		p.release()
	}
	for _, db := range []*lab.Postgres{p.DBA, p.DBB} {
		if db != nil {
			db.Kill()
		}
	}
	for _, host := range []*lab.Host{p.HostA, p.HostB} {
		_ = host.Mend() // fails where nothing is cut
	}
	p.OutsideDNS().Fault(lab.Faults{})
	_, err := p.Kubectl(context.Background(), "delete", "namespace", p.Namespace, "--ignore-not-found", "--wait=false")
	return err
}

// Rest waits until nothing is left of the plays before: their Services go for seconds,
// and kube-proxy holds a change that comes within a second of another one.
func (p *Play) Rest(ctx context.Context) error {
	err := poll(ctx, seldom, func() error {
		all, err := p.Kubectl(ctx, "get", "namespaces", "-o=name")
		for _, name := range strings.Fields(all) {
			if strings.HasPrefix(name, "namespace/"+prefix) && name != "namespace/"+p.Namespace {
				return fmt.Errorf("%s has not gone yet", name)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(2 * time.Second):
	}
	return ctx.Err()
}

// Log ends the client and returns what it has seen.
func (p *Play) Log() traffic.Log {
	switch {
	case p.Client == nil:
		return traffic.Log{}
	case p.stopped:
		return p.Client.Log()
	}
	p.stopped = true
	return p.Client.Stop()
}

// apply applies manifests in the play's namespace.
func (p *Play) apply(ctx context.Context, manifests string) error {
	cmd := p.Command(ctx, "apply", "-n", p.Namespace, "-f", "-")
	cmd.Stdin = strings.NewReader(manifests)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl apply: %w: %s", err, out)
	}
	return nil
}

// Do runs kubectl in the play's namespace.
func (p *Play) Do(ctx context.Context, args ...string) (string, error) {
	return p.Kubectl(ctx, append([]string{"--namespace=" + p.Namespace}, args...)...)
}

// dial is how the client connects.
func (p *Play) dial(ctx context.Context) (func(context.Context) (net.Conn, error), error) {
	if p.Way.DNS != 0 {
		return p.dialName, nil
	}
	var ip string
	err := poll(ctx, seldom, func() (err error) {
		ip, err = p.Do(ctx, "get", "service", "db", "-o=jsonpath={.spec.clusterIP}")
		if err == nil && ip == "" {
			err = errors.New("it has no ClusterIP")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the Service db: %w", err)
	}
	return func(ctx context.Context) (net.Conn, error) {
		return p.NodeHost().DialFrom(ctx, p.clientPort(), net.JoinHostPort(ip, port))
	}, nil
}

// dialName looks the Service up anew, as a client of an ExternalName does for
// each connection.
func (p *Play) dialName(ctx context.Context) (net.Conn, error) {
	server := net.JoinHostPort(p.NodeAddr().String(), strconv.Itoa(int(p.Way.DNS)))
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return p.NodeHost().Dial(ctx, network, server)
	}}
	addrs, err := resolver.LookupNetIP(ctx, "ip4", "db."+p.Namespace+".svc.cluster.local.")
	if err != nil {
		return nil, err
	}
	return p.NodeHost().DialFrom(ctx, p.clientPort(), net.JoinHostPort(addrs[0].String(), port))
}

// The client's ports: above those of the kubelet and of kube-proxy, below NodePorts and
// those that the kernel hands out.
const firstPort, lastPort = 11_000, 29_999

// clientPort is where the next connection comes from. None is used again within two
// minutes: for so long a connection that nobody answered is remembered by the node
// (nf_conntrack_tcp_timeout_syn_sent), and takes another one from the same port to
// where the Service led then.
func (s *Stage) clientPort() uint16 {
	return uint16(firstPort + s.connections.Add(1)%(lastPort-firstPort+1))
}

// Strike has a fault happen, and marks when it had.
func (p *Play) Strike(ctx context.Context, f Fault) (time.Time, error) {
	p.Client.Mark(f.Name + ": begins")
	err := f.Strike(ctx, p)
	return p.Client.Mark(f.Name), err
}

// Heal ends a fault, and marks when it had.
func (p *Play) Heal(ctx context.Context, f Fault) (time.Time, error) {
	err := f.Heal(ctx, p)
	return p.Client.Mark(f.Name + ": over"), err
}

// Promote makes B the primary, as whoever watches the databases does.
func (p *Play) Promote(ctx context.Context) error {
	err := p.DBB.Promote(ctx)
	p.Client.Mark("B is promoted")
	return err
}

// Move is the person's part, if there is one.
func (p *Play) Move(ctx context.Context) error {
	if len(p.Way.Move) == 0 {
		return nil
	}
	_, err := p.Do(ctx, p.Way.Move...)
	p.Client.Mark("kubectl has returned")
	return err
}

// Once plays one fault to its end: it strikes, and at the same moment the standby
// is promoted and the person's command is sent, if there is one, as if somebody
// had sat there and known. It returns once clients are served by B, with the time
// at which the fault had struck.
func (p *Play) Once(ctx context.Context, f Fault) (struck time.Time, err error) {
	if struck, err = p.Strike(ctx, f); err != nil {
		return struck, err
	}
	moved := make(chan error, 1)
	go func() { moved <- p.Move(ctx) }()
	err = p.Promote(ctx)
	if err = errors.Join(err, <-moved); err != nil {
		return struck, err
	}
	return struck, p.Served(ctx, B, time.Now())
}

// Served waits until clients whose connections began after a time are served by
// a server, and by it alone.
func (p *Play) Served(ctx context.Context, server string, since time.Time) error {
	var l traffic.Log
	err := poll(ctx, often, func() error {
		l = p.Client.Log().Since(since)
		n := len(l.Attempts)
		if n < settled {
			return errors.New("too few connections")
		}
		for _, a := range l.Attempts[n-settled:] {
			if a.Outcome != traffic.OK || a.Server != server {
				return fmt.Errorf("connection %d: %s %q %s", a.Seq, a.Outcome, a.Server, a.Detail)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("clients are not served by %s: %w\n%s", server, err, l)
	}
	return nil
}

// Ended waits until no connection is under way any more that began before a time. One
// that waits for its answer through a network cut reaches the old server if the
// network is back soon enough, wherever the Service leads by then: the node remembers
// where its first packet went.
func (p *Play) Ended(ctx context.Context, before time.Time) error {
	return poll(ctx, often, func() error {
		attempts := p.Client.Log().Attempts
		slices.SortFunc(attempts, func(a, b traffic.Attempt) int { return cmp.Compare(a.Seq, b.Seq) })
		for i, a := range attempts {
			if a.Seq != i+1 {
				return fmt.Errorf("connection %d has not ended", i+1)
			}
			if !a.Began.Before(before) {
				return nil
			}
		}
		return errors.New("none has begun since")
	})
}

// Standing are the rows that a server has.
func (p *Play) Standing(ctx context.Context, db *lab.Postgres) ([]int, error) {
	out, err := db.Query(ctx, "SELECT seq FROM traffic")
	if err != nil {
		return nil, err
	}
	var rows []int
	for _, line := range strings.Fields(out) {
		n, err := strconv.Atoi(line)
		if err != nil {
			return nil, err
		}
		rows = append(rows, n)
	}
	return rows, nil
}

// poll tries until it succeeds.
func poll(ctx context.Context, every time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(every):
		}
	}
}

// How often polls try; seldom where a program has to start for it.
const (
	often  = 20 * time.Millisecond
	seldom = 300 * time.Millisecond
)
