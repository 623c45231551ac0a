package table

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"fairlead.dev/internal/wire"
)

// writeOne prints one service: what kubectl describe would say of it.
func writeOne(w io.Writer, s wire.Status, o Options) error {
	p, err := s.Find(o.Namespace, o.Name, o.Near)
	if err != nil {
		return err
	}
	switch o.Format {
	case JSON, YAML:
		return encode(w, p, o.Format)
	case Short, Wide:
	default:
		_, err := ParseFormat(string(o.Format))
		return err
	}
	parts := []struct {
		title, indent string
		rows          [][]string
	}{
		{"", "", facts(p, o)},
		{"Targets", "  ", targetRows(p, o)},
		{"Endpoints", "  ", endpointRows(p, o)},
		{"Conditions", "  ", conditionRows(p, o)},
		{"Transitions", "  ", transitionRows(p)},
	}
	for _, part := range parts {
		if len(part.rows) == 0 {
			continue
		}
		if part.title != "" {
			_, err = fmt.Fprintf(w, "\n%s:\n", part.title)
		}
		if err == nil {
			err = grid(w, part.indent, part.rows)
		}
		if err != nil {
			return fmt.Errorf("write the status: %w", err)
		}
	}
	return writeProblems(w, of(p.Service, s.Problems))
}

// of are the problems of one service.
func of(s wire.Service, problems []wire.Problem) []wire.Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p wire.Problem) bool {
		_, key, _ := strings.Cut(p.Object, " ")
		return key != s.Namespace+"/"+s.Name
	})
}

// facts are those of which there is one. What a service does not have is left out.
func facts(p wire.Published, o Options) [][]string {
	s, d := p.Service, p.Decision
	rows := [][]string{
		{"Name:", s.Name},
		{"Namespace:", s.Namespace},
		{"Type:", s.Type},
		{"DNS name:", s.DNSName},
	}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("Address:", addresses(s.ClusterIPs))
	if len(s.Ports) > 0 {
		add("Ports:", ports(s))
	}
	if d.External != nil {
		add("CNAME:", d.External.Name)
	}
	add("Declared:", origin(s.Origin))
	add("State:", state(p.Summary, o))
	add("Message:", p.Summary.Message)
	add("Endpoints:", endpoints(p))
	add("Active:", active(d, o))
	add("Pinned:", pin(p, o))
	add("Probe:", probe(s.Probe))
	add("Failover:", policy(p))
	add("Gateway:", gateway(s.Gateway))
	return rows
}

func state(s wire.Summary, o Options) string {
	text := string(s.State)
	if s.State == wire.NotReady {
		text = "Not ready"
	}
	if s.Reason != "" {
		text += " (" + s.Reason + ")"
	}
	if s.State == wire.NotReady && !s.Since.IsZero() {
		text += " since " + age(o.Now, s.Since)
	}
	return text
}

// active is the published tier, with how long it has been that.
func active(d wire.Decision, o Options) string {
	if len(d.Active) == 0 {
		return ""
	}
	text := fmt.Sprintf("%s, priority %d", strings.Join(d.Active, ", "), d.Priority)
	if !d.ActiveSince.IsZero() {
		text += ", for " + age(o.Now, d.ActiveSince)
	}
	return text
}

func pin(of wire.Published, o Options) string {
	p := of.Service.Pin
	if p == nil {
		return ""
	}
	text := "to " + p.Target
	if p.By != "" {
		text += " by " + p.By
	}
	if !p.At.IsZero() {
		text += ", " + age(o.Now, p.At) + " ago"
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	if of.Decision.Pinned == "" {
		text += " (not followed)"
	}
	return text
}

// probe says how endpoints are watched, in the words of the manifest.
func probe(p *wire.Probe) string {
	if p == nil {
		return ""
	}
	text := fmt.Sprintf("%s every %s, timeout %s, down after %s, up after %s", p.Kind, p.Interval, p.Timeout,
		count(p.FailureThreshold, "failure", "failures"), count(p.SuccessThreshold, "success", "successes"))
	if p.Role != "" {
		text += ", role " + p.Role
	}
	return text
}

// gateway says what clients and targets are spoken to.
func gateway(g *wire.Gateway) string {
	if g == nil {
		return ""
	}
	var from []string
	for _, l := range g.Listeners {
		text := fmt.Sprintf("%d %s", l.Port, l.Protocol)
		if l.TLS == "Passthrough" {
			text += " passed through"
		}
		from = append(from, text)
	}
	text := strings.Join(from, ", ")
	switch b := g.BackendTLS; {
	case b == nil:
	case !b.Verified:
		text += ", to targets by TLS that is not verified"
	case b.Hostname != "":
		text += ", to targets by TLS as " + b.Hostname
	default:
		text += ", to targets by TLS"
	}
	text += ", " + g.LoadBalancing + ", when one is down " + g.OnTargetDown
	if g.DrainTimeout > 0 {
		text += " for " + g.DrainTimeout.String()
	}
	return text
}

// policy says what happens when something is down, where anything can.
func policy(p wire.Published) string {
	f := p.Service.Failover
	if p.Service.Probe == nil || f.Failback == "" {
		return ""
	}
	text := "failback " + f.Failback
	if f.Failback == "Automatic" {
		text += " after " + f.FailbackDelay.String()
	}
	return fmt.Sprintf("%s, when all are down %s, %s must be up", text, f.WhenAllDown, count(f.MinimumReady, "endpoint", "endpoints"))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
