package relay

import (
	"net/netip"
	"slices"
)

// breakCycles takes out the endpoints through which a connection would come back
// to a virtual IP that it has passed: it would go round until all files are used
// up, and every other service would suffer. Virtual IPs may well be endpoints of
// each other otherwise.
func (p *plan) breakCycles() {
	done := make(map[*want]bool, len(p.order)) // false while on the path
	for _, w := range p.order {
		p.walk(w, done)
	}
	p.order = slices.DeleteFunc(p.order, func(w *want) bool {
		if len(w.endpoints) > 0 {
			return false
		}
		delete(p.wanted, w.at)
		return true
	})
}

// walk follows w's endpoints that are virtual IPs themselves.
func (p *plan) walk(w *want, done map[*want]bool) {
	if _, seen := done[w]; seen {
		return
	}
	done[w] = false
	w.endpoints = slices.DeleteFunc(w.endpoints, func(to netip.AddrPort) bool {
		next := p.wanted[slot{to, w.at.protocol}]
		if next == nil {
			return false
		}
		p.walk(next, done)
		if done[next] {
			return false
		}
		p.faults.loop(w, next)
		return true
	})
	done[w] = true
}
