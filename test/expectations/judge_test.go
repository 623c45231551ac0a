//go:build linux

package expectations

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// served is where new connections to an address arrive, as the sites say, and
// how often.
type served map[string]int

func (s served) String() string { return fmt.Sprint(map[string]int(s)) }

// ask connects n times over TCP, with curl, or asks n times over UDP, with dig,
// from one Pod. Each time it is another port of the client's.
func (w *world) ask(ctx context.Context, pod, protocol, host string, port, n int) (served, error) {
	at := strconv.Itoa(port)
	command := []string{"curl", "-sS", "--max-time", "3", "--fail-early", fmt.Sprintf("http://%s:%s/?[1-%d]", host, at, n)}
	if protocol == "UDP" {
		command = []string{"dig", "@" + host, "-p", at}
		for range n {
			command = append(command, "+short", "+notcp", "+tries=1", "+time=3", "who.", "TXT")
		}
	} else if n == 1 {
		command = append(command, "-v") // or it does not tell refused from unreachable
	}
	out, err := w.exec(ctx, pod, command...)
	got := served{}
	for line := range strings.Lines(out) {
		if at, err := netip.ParseAddrPort(strings.Trim(line, "\"\n")); err == nil {
			got[at.String()]++
		}
	}
	if err == nil && len(got) == 0 {
		err = errors.New("nobody answers")
	}
	if err != nil {
		return got, fmt.Errorf("%s to %s:%d from Pod %s: %w: %s", protocol, host, port, pod, err, out)
	}
	return got, nil
}

// reaches waits until both clients, by each of the hosts, arrive at all of the
// places wanted, "ADDRESS:PORT", and nowhere else.
func (w *world) reaches(protocol string, hosts []string, port int, want ...string) {
	w.t.Helper()
	// So many that not one of them is missed by chance.
	n := 1
	if len(want) > 1 {
		n = 12 * len(want)
	}
	slices.Sort(want)
	for _, pod := range clients() {
		for _, host := range hosts {
			w.eventually(func(ctx context.Context) error {
				got, err := w.ask(ctx, pod, protocol, host, port, n)
				if err != nil {
					return err
				}
				if places := slices.Sorted(maps.Keys(got)); !slices.Equal(places, want) {
					return fmt.Errorf("%s to %s:%d from Pod %s arrives at %v, want %v", protocol, host, port, pod, got, want)
				}
				return nil
			})
		}
	}
}

// tcp is reaches for TCP, by the Service's name and by its virtual IP.
func (w *world) tcp(service string, port int, want ...string) {
	w.t.Helper()
	w.reaches("TCP", []string{w.host(service), w.clusterIP(service)}, port, want...)
}

// udp is reaches for UDP.
func (w *world) udp(service string, port int, want ...string) {
	w.t.Helper()
	w.reaches("UDP", []string{w.host(service), w.clusterIP(service)}, port, want...)
}

// refuses waits until a connection to a virtual IP is refused at once, for both
// clients. That it is not answered is not enough.
func (w *world) refuses(protocol, ip string, port int) {
	w.t.Helper()
	w.finds("refused", protocol, ip, port)
}

// finds waits until the verdict on an address is this one, for both clients.
func (w *world) finds(want, protocol, ip string, port int) {
	w.t.Helper()
	for _, pod := range clients() {
		w.eventually(func(ctx context.Context) error {
			if got, out := w.knock(ctx, pod, protocol, ip, port); got != want {
				return fmt.Errorf("%s to %s:%d from Pod %s is %s, want %s: %s", protocol, ip, port, pod, got, want, out)
			}
			return nil
		})
	}
}

// knock tries once and says what came of it: served, refused or unanswered.
func (w *world) knock(ctx context.Context, pod, protocol, ip string, port int) (verdict, output string) {
	_, err := w.ask(ctx, pod, protocol, ip, port, 1)
	switch {
	case err == nil:
		return "served", ""
	case strings.Contains(strings.ToLower(err.Error()), "connection refused"):
		return "refused", err.Error()
	}
	return "unanswered", err.Error()
}

// answers waits until CoreDNS answers a question with these records and no
// others, over UDP and TCP, for both clients. A record is its data as dig +short
// prints it.
func (w *world) answers(name, kind string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	const both = `dig +notcp "$@" && echo and over TCP && dig +tcp "$@"`
	for _, pod := range clients() {
		w.eventually(func(ctx context.Context) error {
			out, err := w.exec(ctx, pod, "sh", "-c", both, "sh", "+short", "+search", "+time=2", "+tries=1", name, kind)
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			udp, tcp, _ := strings.Cut(out, "and over TCP\n")
			for _, part := range []string{udp, tcp} {
				got := strings.Split(strings.TrimSuffix(part, "\n"), "\n")
				if part == "" {
					got = nil
				}
				slices.Sort(got)
				if !slices.Equal(got, want) {
					return fmt.Errorf("%s %s from Pod %s is over UDP %q, over TCP %q, want %q", name, kind, pod, udp, tcp, want)
				}
			}
			return nil
		})
	}
}

// exists waits until a name is one, or is none.
func (w *world) exists(name string, want bool) {
	w.t.Helper()
	w.eventually(func(ctx context.Context) error {
		out, err := w.exec(ctx, "client", "dig", "+time=2", "+tries=1", name)
		if got := strings.Contains(out, "status: NOERROR"); err != nil || got != want || !got && !strings.Contains(out, "status: NXDOMAIN") {
			return fmt.Errorf("whether %s exists: %v, want %v (%v):\n%s", name, got, want, err, out)
		}
		return nil
	})
}

// reverse is the name of an IPv4 address's PTR record.
func reverse(ip string) string {
	labels := strings.Split(ip, ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + ".in-addr.arpa"
}
