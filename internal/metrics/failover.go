package metrics

import (
	"net/netip"
	"sync"
	"time"

	"fairlead.dev/internal/model"
)

// failovers counts the moves of services.
type failovers struct {
	// since is when counting began; moves before it are other processes'.
	since time.Time

	mu    sync.Mutex
	moved map[model.Key]*moves
}

// moves are the transitions of a service that were counted, and the latest one's
// time.
type moves struct {
	count  int
	latest time.Time
}

func newFailovers(since time.Time) *failovers {
	return &failovers{since: since, moved: map[model.Key]*moves{}}
}

// families show of every service that is probed, or pinned, what probes hold of its
// endpoints, where it is published from, and how often that moved.
func (f *failovers) families() []family {
	return []family{
		probed("fairlead_probe_up", gauge, "1 if an endpoint of a service is up, 0 if it is down; absent until it is known.",
			putVerdicts, "target", "address"),
		probed("fairlead_service_active_priority", gauge, "The priority of the tier that a service is published from.",
			func(p *model.Published, t *text) {
				if len(p.Decision.Active) > 0 {
					t.put(float64(p.Decision.Priority), p.Service.Key.Namespace, p.Service.Key.Name)
				}
			}),
		probed("fairlead_service_best_priority", gauge, "The priority of the tier that a service is published from while all is well.",
			putBest),
		probed("fairlead_service_pinned", gauge, "1 if a person has pinned a service to a target, else 0.",
			func(p *model.Published, t *text) {
				t.put(number(p.Decision.State.Pinned != ""), p.Service.Key.Namespace, p.Service.Key.Name)
			}),
		probed("fairlead_service_transitions_total", counter, "Moves of a service from some targets to others.",
			func(p *model.Published, t *text) {
				t.put(float64(f.count(p.Service.Key, p.Decision.History)), p.Service.Key.Namespace, p.Service.Key.Name)
			}),
	}
}

// probed is a family with series for each service that is probed, or pinned.
func probed(name string, k kind, help string, put func(*model.Published, *text), more ...string) family {
	return each(name, k, help, func(p *model.Published, t *text) {
		if p.Service.Probe != nil || p.Service.Pin != nil {
			put(p, t)
		}
	}, more...)
}

func putVerdicts(p *model.Published, t *text) {
	for i := range p.Decision.Targets {
		target := &p.Decision.Targets[i]
		held := verdicts(target.Checks)
		for _, c := range target.Checks {
			if up, ok := held[c.Addr]; ok {
				t.put(number(up), p.Service.Key.Namespace, p.Service.Key.Name, target.Name, c.Addr.String())
				delete(held, c.Addr)
			}
		}
	}
}

func putBest(p *model.Published, t *text) {
	all := p.Decision.Targets
	if len(all) == 0 {
		return
	}
	best := all[0].Priority
	for i := range all {
		best = min(best, all[i].Priority)
	}
	t.put(float64(best), p.Service.Key.Namespace, p.Service.Key.Name)
}

// verdicts are those of each address: where two names share one, it is up if it is
// for both.
func verdicts(checks []model.CheckStatus) map[netip.AddrPort]bool {
	all := make(map[netip.AddrPort]bool, len(checks))
	for _, c := range checks {
		if c.Verdict == model.Unjudged {
			continue
		}
		up, twice := all[c.Addr]
		all[c.Addr] = c.Verdict == model.Up && (up || !twice)
	}
	return all
}

// forget drops the counts of services that are gone.
func (f *failovers) forget(s *model.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k := range f.moved {
		if s.Find(k) == nil {
			delete(f.moved, k)
		}
	}
}

// count adds the transitions that are new. The history holds the latest
// [model.MaxHistory] of them: more in one interval of scraping are not counted.
func (f *failovers) count(k model.Key, history []model.Transition) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.moved[k]
	if m == nil {
		m = &moves{latest: f.since}
		f.moved[k] = m
	}
	latest := m.latest
	for _, t := range history {
		if !t.At.After(m.latest) {
			continue
		}
		if len(t.From) > 0 {
			m.count++
		}
		if t.At.After(latest) {
			latest = t.At
		}
	}
	m.latest = latest
	return m.count
}
