// Package standin plays the world outside of the examples on one machine:
// databases, HTTP APIs and a DNS server, each on a loopback address of its own
// and on ports that take no privileges.
//
// Every one says which it is, so that a person sees where a connection went. The
// databases are databases in name only: they speak lines of text, and the HTTP
// APIs return what they were sent. Nothing here is part of what Fairlead does,
// and nothing reaches beyond the loopback interface.
package standin

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"text/tabwriter"
)

// Outside is a running set of stand-ins.
type Outside struct {
	places []Place
	cert   *Certificate
	names  *zoneFile

	// closers end the stand-ins, wg waits for their goroutines.
	closers []func() error
	wg      sync.WaitGroup
}

// Start starts all places of c, or none.
func Start(c Config) (*Outside, error) {
	cert, err := NewCertificate(c.Certificate)
	if err != nil {
		return nil, err
	}
	names, err := openZone(c)
	if err != nil {
		return nil, err
	}
	o := &Outside{places: c.Places, cert: cert, names: names}
	for _, p := range c.Places {
		if err := o.start(p); err != nil {
			return nil, errors.Join(err, o.Close())
		}
	}
	return o, nil
}

func (o *Outside) start(p Place) error {
	if !p.Addr.Addr().IsLoopback() {
		return fmt.Errorf("%s: stand-ins stand on loopback addresses only, give it one of 127.0.0.0/8", p)
	}
	l, err := net.Listen("tcp", p.Addr.String())
	if err != nil {
		return fmt.Errorf("%s: cannot listen, stop what does, or move all of them with --network: %w", p, err)
	}
	switch p.Kind {
	case Database:
		o.serveDatabase(l, p)
	case HTTP, HTTPS:
		o.serveAPI(l, p)
	case DNS:
		return o.serveDNS(l, p)
	default:
		return errors.Join(fmt.Errorf("%s: kind %q is none of Database, HTTP, HTTPS and DNS", p, p.Kind), l.Close())
	}
	return nil
}

// Close ends all of them, their connections included, and waits until it is done.
func (o *Outside) Close() error {
	var errs []error
	for _, c := range o.closers {
		errs = append(errs, c())
	}
	o.closers = nil
	o.wg.Wait()
	return errors.Join(errs...)
}

// Certificate is what the HTTPS stand-ins present, in PEM. It is its own issuer,
// so that a client that trusts it checks the name and nothing else.
func (o *Outside) Certificate() []byte { return o.cert.PEM }

// Print writes the table of what stands where.
func (o *Outside) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "ADDRESS\tKIND\tANSWERS AS\tSTANDS FOR")
	for _, p := range o.places {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", p.Addr, p.Kind, p.Name, p.For)
	}
	return t.Flush()
}
