package table

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"fairlead.dev/internal/wire"
)

// none is what kubectl prints where there is nothing.
const none = "<none>"

// writeServices prints one line for each service. The message comes last,
// since it has no bounds.
func writeServices(w io.Writer, services []wire.Published, o Options) error {
	header := []string{"NAMESPACE", "NAME", "TYPE", "ADDRESS", "PORTS", "TARGETS", "ENDPOINTS", "READY", "SINCE"}
	if o.Format == Wide {
		header = append(header, "TARGET-ADDRESSES", "DNS-NAME", "ORIGIN")
	}
	rows := [][]string{append(header, "MESSAGE")}
	for _, p := range services {
		cells := []string{
			p.Service.Namespace, p.Service.Name, p.Service.Type, address(p.Service), ports(p.Service),
			targets(p), endpoints(p), ready(p.Summary), age(o.Now, p.Summary.Since),
		}
		if o.Format == Wide {
			cells = append(cells, targetAddresses(p.Decision), p.Service.DNSName, origin(p.Service.Origin))
		}
		rows = append(rows, append(cells, message(p.Summary)))
	}
	if o.Namespace != "" {
		for i := range rows {
			rows[i] = rows[i][1:]
		}
	}
	if err := grid(w, "", rows); err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	return nil
}

func address(s wire.Service) string {
	if len(s.ClusterIPs) == 0 {
		return none
	}
	return addresses(s.ClusterIPs)
}

func ports(s wire.Service) string {
	var all []string
	for _, p := range s.Ports {
		all = append(all, strconv.Itoa(int(p.Port))+"/"+p.Protocol)
	}
	return orNone(strings.Join(all, ","))
}

// targets says where traffic goes, and if not to where it should, from which tier
// or on whose word; and how many targets stand by, or are down.
func targets(p wire.Published) string {
	var active, more []string
	standby, down, best := 0, 0, p.Decision.Priority
	for _, t := range p.Decision.Targets {
		best = min(best, t.Priority)
		switch {
		case t.Active:
			active = append(active, t.Where)
		case t.Down():
			down++
		default:
			standby++
		}
	}
	if p.Decision.Priority != best {
		more = append(more, fmt.Sprintf("priority %d", p.Decision.Priority))
	}
	if p.Decision.Pinned != "" {
		more = append(more, "pinned")
	}
	if standby > 0 {
		more = append(more, fmt.Sprintf("+%d standby", standby))
	}
	if down > 0 {
		more = append(more, fmt.Sprintf("+%d down", down))
	}
	s := orNone(strings.Join(active, ","))
	if len(more) > 0 {
		s += " (" + strings.Join(more, ", ") + ")"
	}
	return s
}

func endpoints(p wire.Published) string {
	if p.Decision.External != nil {
		return "-" // clients connect to the outside name themselves
	}
	return fmt.Sprintf("%d/%d", p.Summary.ReadyEndpoints, p.Summary.TotalEndpoints)
}

func ready(s wire.Summary) string {
	switch s.State {
	case wire.Ready, wire.Degraded:
		return "True"
	case wire.NotReady:
		return "False"
	case wire.Unknown:
	}
	return "Unknown"
}

// targetAddresses names each target with its addresses.
func targetAddresses(d wire.Decision) string {
	var all []string
	for _, t := range d.Targets {
		all = append(all, t.Name+"="+orNone(addresses(t.Addresses)))
	}
	return orNone(strings.Join(all, " "))
}

func origin(o wire.Origin) string {
	if o.File == "" {
		return orNone(o.Kind)
	}
	return fileLine(o.File, o.Line)
}

func fileLine(file string, line int) string {
	if line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(line)
}

// message is empty while all is well.
func message(s wire.Summary) string {
	if s.State == wire.Ready {
		return ""
	}
	if s.Message == "" {
		return s.Reason
	}
	return s.Message
}

func addresses(all []netip.Addr) string {
	s := make([]string, len(all))
	for i, a := range all {
		s[i] = a.String()
	}
	return strings.Join(s, ",")
}

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}
