package relay

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"fairlead.dev/internal/model"
)

// The reasons of faults.
const (
	// PortTaken: another program listens on the virtual IP's port.
	PortTaken = "PortTaken"
	// PortNotPermitted: the port is a privileged one.
	PortNotPermitted = "PortNotPermitted"
	// AddressNotLocal: the virtual IP is not an address of this machine.
	AddressNotLocal = "AddressNotLocal"
	// TooManyOpenFiles: there are more listeners than files may be open.
	TooManyOpenFiles = "TooManyOpenFiles"
	// ListenFailed: the kernel refused for another reason.
	ListenFailed = "ListenFailed"
	// ProtocolNotSupported: the port's protocol is not relayed.
	ProtocolNotSupported = "ProtocolNotSupported"
	// AddressConflict: another service has the same virtual IP and port.
	AddressConflict = "AddressConflict"
	// EndpointLoop: an endpoint is a virtual IP that leads back to the service.
	EndpointLoop = "EndpointLoop"
)

// problem is one kind of trouble of a service, with the places that have it.
type problem struct {
	reason, what, why string
	places            []string
}

// rank puts what can be mended first.
func (p problem) rank() int {
	if p.reason == ProtocolNotSupported {
		return 1
	}
	return 0
}

func (p problem) String() string {
	return p.what + " " + strings.Join(p.places, " and ") + ": " + p.why
}

// faults gathers problems by service, so that each has one fault.
type faults struct {
	order []model.Key
	byKey map[model.Key][]problem
}

func (f *faults) add(key model.Key, reason, what, place, why string) {
	if f.byKey == nil {
		f.byKey = make(map[model.Key][]problem)
	}
	had, known := f.byKey[key]
	if !known {
		f.order = append(f.order, key)
	}
	for i, p := range had {
		if p.what == what && p.why == why {
			had[i].places = append(p.places, place)
			return
		}
	}
	f.byKey[key] = append(had, problem{reason, what, why, []string{place}})
}

// list returns one fault for each service: the reason of its worst problem, the
// messages of all. A service of which a part stands is in serving.
func (f *faults) list(serving map[model.Key]bool) []model.Fault {
	var all []model.Fault
	for _, key := range f.order {
		problems := f.byKey[key]
		slices.SortStableFunc(problems, func(a, b problem) int { return a.rank() - b.rank() })
		words := make([]string, len(problems))
		for i, p := range problems {
			words[i] = p.String()
		}
		all = append(all, model.Fault{Key: key, Reason: problems[0].reason, Message: strings.Join(words, "; "), Partial: serving[key]})
	}
	return all
}

func (f *faults) unsupported(key model.Key, port model.Port) {
	f.add(key, ProtocolNotSupported, "does not relay port", port.String(),
		"only TCP and UDP are relayed; the service keeps its names in DNS")
}

func (f *faults) conflict(w, first *want) {
	f.add(w.key, AddressConflict, "does not listen on", w.at.String(),
		fmt.Sprintf("service %s has the same virtual IP and port; give one of them another clusterIP", first.key))
}

// loop: of w's endpoints, next leads back to w.
func (f *faults) loop(w, next *want) {
	f.add(w.key, EndpointLoop, "does not forward to", next.at.String(),
		fmt.Sprintf("that is the virtual IP of %s, which leads back here, and connections would go round for ever; take it out of the endpoints", next.key))
}

// listen explains why a listener could not be made, and what to do about it.
func (f *faults) listen(w *want, err error) {
	reason, why := explain(w.at, err)
	f.add(w.key, reason, "cannot listen on", w.at.String(), why)
}

func explain(at slot, err error) (reason, why string) {
	port := at.addr.Port()
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return PortTaken, fmt.Sprintf("another program has port %d there; `ss -Hlntup sport = :%d` shows it: stop it, or give the service another clusterIP or port", port, port)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return PortNotPermitted, "this user may not listen on ports below 1024; allow it to everyone with `sysctl -w net.ipv4.ip_unprivileged_port_start=0`, or to this program with `setcap cap_net_bind_service=+ep` on its file"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return AddressNotLocal, "the address is not local to this machine; add it with " + addLocal(at)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return TooManyOpenFiles, "too many files are open; raise the limit with `ulimit -n`, or LimitNOFILE= of its systemd unit"
	default:
		return ListenFailed, err.Error()
	}
}

// addLocal is the command that makes the address of a place local.
func addLocal(at slot) string {
	addr := at.addr.Addr()
	switch {
	case runtime.GOOS == "darwin" && addr.Is4():
		return fmt.Sprintf("`ifconfig lo0 alias %s`", addr)
	case runtime.GOOS == "darwin":
		return fmt.Sprintf("`ifconfig lo0 inet6 alias %s`", addr)
	case addr.Is4():
		return fmt.Sprintf("`ip route add local %s/32 dev lo`, or its whole range at once", addr)
	default:
		return fmt.Sprintf("`ip -6 route add local %s/128 dev lo`, or its whole range at once", addr)
	}
}
