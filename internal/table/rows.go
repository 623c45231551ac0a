package table

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairlead.dev/internal/wire"
)

// targetRows has one row for each target, the best tier first.
func targetRows(p wire.Published, o Options) [][]string {
	if len(p.Decision.Targets) == 0 {
		return nil
	}
	rows := [][]string{{"NAME", "PRIORITY", "ACTIVE", "WHERE", "CONFIRMED", "MESSAGE"}}
	for _, t := range byTier(p.Decision.Targets) {
		confirmed := "-"
		if !t.ResolvedAt.IsZero() {
			confirmed = age(o.Now, t.ResolvedAt)
		}
		rows = append(rows, []string{t.Name, strconv.Itoa(t.Priority), yesNo(t.Active), t.Where, confirmed, reasoned(t.Reason, t.Message)})
	}
	return rows
}

// endpointRows has one row for each address: whether it is published, and what
// probes say of it.
func endpointRows(p wire.Published, o Options) [][]string {
	ready := map[netip.Addr]string{} // an address that two targets have is published once
	for _, e := range p.Decision.Endpoints {
		ready[e.IP] = "not ready"
		if e.Ready {
			ready[e.IP] = "ready"
		}
	}
	rows := [][]string{{"TARGET", "ADDRESS", "PUBLISHED", "HEALTH", "SINCE", "MESSAGE"}}
	add := func(t wire.TargetStatus, ip netip.Addr, cells ...string) {
		as := "no"
		switch how, ok := ready[ip]; {
		case t.Active && p.Decision.External != nil:
			as = "by name"
		case t.Active && ok:
			as = how
		}
		rows = append(rows, append([]string{t.Name, cells[0], as}, cells[1:]...))
	}
	for _, t := range byTier(p.Decision.Targets) {
		probed := map[netip.Addr]bool{}
		for _, c := range t.Checks {
			probed[c.Address.Addr()] = true
			since := "-"
			if !c.Since.IsZero() {
				since = age(o.Now, c.Since)
			}
			add(t, c.Address.Addr(), c.Address.String(), c.Verdict, since, reasoned(c.Reason, c.Message))
		}
		for _, a := range t.Addresses {
			if !probed[a] {
				add(t, a, a.String(), "-", "-", "")
			}
		}
	}
	if len(rows) == 1 {
		return nil
	}
	return rows
}

func byTier(targets []wire.TargetStatus) []wire.TargetStatus {
	return slices.SortedStableFunc(slices.Values(targets), func(a, b wire.TargetStatus) int { return a.Priority - b.Priority })
}

// reasoned is REASON: message, or the one that there is.
func reasoned(reason, message string) string {
	if reason == "" || message == "" {
		return reason + message
	}
	return reason + ": " + message
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func conditionRows(p wire.Published, o Options) [][]string {
	if len(p.Decision.Conditions) == 0 {
		return nil
	}
	rows := [][]string{{"TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"}}
	for _, c := range p.Decision.Conditions {
		rows = append(rows, []string{c.Type, c.Status, c.Reason, age(o.Now, c.LastTransitionTime), c.Message})
	}
	return rows
}

// transitionRows are the latest moves between targets, the newest first. Times are
// told as such: they are compared with other logs.
func transitionRows(p wire.Published) [][]string {
	if len(p.Decision.History) == 0 {
		return nil
	}
	rows := [][]string{{"WHEN", "FROM", "TO", "REASON", "TOOK", "MESSAGE"}}
	for _, t := range p.Decision.History {
		took := "-"
		if t.Took > 0 {
			took = t.Took.String()
		}
		rows = append(rows, []string{
			t.At.UTC().Format(time.RFC3339), tier(t.From, t.FromPriority), tier(t.To, t.ToPriority), t.Reason, took, t.Message,
		})
	}
	return rows
}

func tier(targets []string, priority int) string {
	if len(targets) == 0 {
		return none
	}
	return fmt.Sprintf("%s (%d)", strings.Join(targets, ","), priority)
}
