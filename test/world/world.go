//go:build linux

package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"text/tabwriter"

	"fairlead.dev/internal/standin"
	"fairlead.dev/test/cluster"
	"fairlead.dev/test/lab"
)

// World is what stands outside a cluster. Its methods may be called
// concurrently.
type World struct {
	dns     *lab.FaultyDNS
	mu      sync.Mutex
	places  []*place
	closers []func() error
}

// place is a host with something on it.
type place struct {
	*lab.Host
	about    string
	postgres *lab.Postgres // nil where an API is
	state    string        // as people read it
}

// The states of a place.
const (
	serving   = "serving"
	stopped   = "stopped"
	unplugged = "unplugged"
)

// Start adds the world to a cluster whose outside DNS has Zones, and gives its
// node the images of the walkthrough. Two come from the folder built: the program
// reporting-api and the archive fairlead-image.tar. End it with Close, before the
// cluster.
func Start(ctx context.Context, c *cluster.Cluster, built string) (*World, error) {
	w := &World{dns: c.OutsideDNS()}
	if err := w.start(ctx, c, built); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) start(ctx context.Context, c *cluster.Cluster, built string) error {
	cert, err := standin.NewCertificate(httpbin)
	if err != nil {
		return err
	}
	for _, zone := range records() {
		if err := w.dns.Set(zone...); err != nil {
			return err
		}
	}
	if err := w.startAPIs(c.Outside(), cert); err != nil {
		return err
	}
	if err := w.startDatabases(ctx, c.Outside()); err != nil {
		return err
	}
	return importImages(ctx, c, built, cert)
}

// Close ends what this process serves; all else ends with the cluster.
func (w *World) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all error
	for _, c := range w.closers {
		all = errors.Join(all, c())
	}
	w.closers = nil
	return all
}

// Print writes the table of what stands where.
func (w *World) Print(out io.Writer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "HOST\tADDRESS\tSTATE\tWHAT")
	for _, p := range w.places {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", p.Name, p.Addr, p.state, p.about)
	}
	return t.Flush()
}

func (w *World) add(p *place) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.state = serving
	w.places = append(w.places, p)
}
