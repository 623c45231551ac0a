//go:build linux

package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"fairlead.dev/test/lab"
)

const usage = `outside               what stands where
outside stop HOST     end its database at once, as a crash does
outside start HOST    and start it again
outside unplug HOST   pull its cable: it falls silent, and nobody is told
outside plug HOST     and put it back
outside move HOST IP  give it another address in 10.0.1.0/24
outside dns RECORD... replace the records of their names: "db.example.com. 5 A 10.0.1.41"
outside dns delete NAME
outside dns silent    the outside DNS answers nothing any more
outside dns servfail  it answers SERVFAIL
outside dns well      it answers as it should`

// Do carries out one command, and writes to out what there is to tell.
func (w *World) Do(ctx context.Context, out io.Writer, args ...string) error {
	switch {
	case len(args) == 0:
		return w.Print(out)
	case args[0] == "help":
		_, err := fmt.Fprintln(out, usage)
		return err
	case args[0] == "dns" && len(args) > 1:
		return w.changeDNS(args[1:])
	case args[0] == "move" && len(args) == 3:
		return w.move(ctx, args[1], args[2])
	case len(args) == 2:
		return w.change(ctx, args[0], args[1])
	}
	return fmt.Errorf("there is no command %q; these are\n%s", strings.Join(args, " "), usage)
}

func (w *World) changeDNS(args []string) error {
	switch args[0] {
	case "silent":
		w.dns.Fault(lab.Faults{Quiet: true})
	case "servfail":
		w.dns.Fault(lab.Faults{Rcode: lab.RcodeServfail})
	case "well":
		w.dns.Fault(lab.Faults{})
	case "delete":
		if len(args) != 2 {
			return errors.New("delete what? write a name: `outside dns delete db.example.com.`")
		}
		return w.dns.Delete(args[1])
	default:
		return w.dns.Set(args...)
	}
	return nil
}

// change does something to a host.
func (w *World) change(ctx context.Context, verb, host string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.find(host)
	if p == nil {
		return fmt.Errorf("there is no host %q; `outside` lists them", host)
	}
	switch {
	case verb == "unplug" && p.state == serving:
		return p.become(unplugged, p.Unplug())
	case verb == "plug" && p.state == unplugged:
		return p.become(serving, p.Plug())
	case p.postgres == nil && (verb == "stop" || verb == "start"):
		return fmt.Errorf("%s has no database to %s; unplug it instead", host, verb)
	case verb == "stop" && p.state == serving:
		p.postgres.Quit()
		return p.become(stopped, nil)
	case verb == "start" && p.state == stopped:
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return p.become(serving, errors.Join(p.postgres.Start(), p.postgres.Ready(ctx)))
	}
	return fmt.Errorf("cannot %s %s, which is %s; the commands are\n%s", verb, host, p.state, usage)
}

// move gives a host another address. Its servers listen on every one.
func (w *World) move(ctx context.Context, host, to string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.find(host)
	if p == nil || p.postgres == nil {
		return fmt.Errorf("there is no database on a host %q; `outside` lists them", host)
	}
	addr, err := netip.ParseAddr(to)
	if err != nil || !netip.MustParsePrefix("10.0.1.0/24").Contains(addr) {
		return fmt.Errorf("%q is not an address in 10.0.1.0/24; write one such as 10.0.1.27", to)
	}
	for _, args := range [][]string{
		{"ip", "address", "flush", "dev", "eth0"},
		{"ip", "address", "add", to + "/24", "dev", "eth0"},
		{"ip", "route", "add", "default", "dev", "eth0"},
	} {
		if _, err := p.Output(ctx, args...); err != nil {
			return err
		}
	}
	p.Addr = addr
	return nil
}

func (w *World) find(host string) *place {
	for _, p := range w.places {
		if p.Name == host {
			return p
		}
	}
	return nil
}

func (p *place) become(state string, err error) error {
	if err == nil {
		p.state = state
	}
	return err
}
