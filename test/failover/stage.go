//go:build linux

package failover

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"fairlead.dev/test/cluster"
	"fairlead.dev/test/lab"
)

// The servers. A is the primary at first, B its standby.
const (
	A = "db-a"
	B = "db-b"

	addrA = "10.0.1.25"
	addrB = "10.0.1.26"
	port  = "5432"
)

// The names of the servers in the outside DNS.
const (
	NameA = "primary-db.example.com"
	NameB = "standby-db.example.com"
)

// cachedDNS is the port of a CoreDNS that caches, as kubeadm sets it up.
const cachedDNS = 5300

// corefile is two servers in one process: one without a cache for clients of the
// cluster, and one with.
const corefile = `.:{$DNS_PORT} {
	bind {$DNS_IP}
	errors
	kubernetes {$DNS_ZONE} in-addr.arpa ip6.arpa {
		kubeconfig {$KUBECONFIG}
		pods insecure
		fallthrough in-addr.arpa ip6.arpa
	}
	forward . 10.0.1.53
}
.:5300 {
	bind {$DNS_IP}
	errors
	kubernetes {$DNS_ZONE} in-addr.arpa ip6.arpa {
		kubeconfig {$KUBECONFIG}
		pods insecure
		fallthrough in-addr.arpa ip6.arpa
	}
	cache 30
	forward . 10.0.1.53
}
`

// Options are those of a cluster that plays are played on.
func Options() cluster.Options {
	return cluster.Options{Node: true, DNS: cluster.DNS{Corefile: corefile}}
}

// Stage is a cluster with two hosts outside for databases. One play at a time is
// on it.
type Stage struct {
	*cluster.Cluster
	HostA, HostB *lab.Host
	// Every is the time between the beginnings of two connections of the client.
	Every time.Duration
	// Patience is how long the client waits for all that it asks of a connection.
	Patience time.Duration

	connections atomic.Uint32 // that clients have begun
}

// NewStage adds the hosts to a cluster with [Options]. Its client connects every
// 20 ms, and has a second's patience.
func NewStage(c *cluster.Cluster) (*Stage, error) {
	s := &Stage{Cluster: c, Every: 20 * time.Millisecond, Patience: time.Second}
	var err error
	if s.HostA, err = c.Outside().Host(A, addrA); err != nil {
		return nil, err
	}
	s.HostB, err = c.Outside().Host(B, addrB)
	return s, err
}

// Address is where a server is.
func Address(server string) string {
	if server == A {
		return addrA
	}
	return addrB
}

// tell has the outside DNS say that each server is where it is. The records
// live for two seconds.
func (s *Stage) tell() error {
	s.OutsideDNS().Fault(lab.Faults{})
	return s.OutsideDNS().Set(record(NameA, addrA), record(NameB, addrB))
}

func record(name, addr string) string { return fmt.Sprintf("%s. 2 A %s", name, addr) }

// Repoint has the outside DNS say from now on that a name is a server.
func (s *Stage) Repoint(name, server string) error {
	return s.OutsideDNS().Set(record(name, Address(server)))
}

// databases starts a fresh primary on A and its standby on B, with the client's
// table and a login for probes.
func (s *Stage) databases(ctx context.Context) (a, b *lab.Postgres, err error) {
	if a, err = s.HostA.Postgres(A, settings); err != nil {
		return nil, nil, err
	}
	if _, err = a.Query(ctx, "CREATE TABLE traffic (seq int PRIMARY KEY); CREATE ROLE app LOGIN; GRANT INSERT ON traffic TO app"); err == nil {
		err = a.Login(ctx, "prober", "secret")
	}
	if err == nil {
		b, err = s.HostB.Standby(B, a, settings)
	}
	if err != nil {
		a.Kill()
		return nil, nil, err
	}
	return a, b, nil
}

// settings leave room for a client that is never quick, and can still be used up.
const settings = "max_connections=60"
