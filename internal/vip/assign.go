package vip

import (
	"cmp"
	"net/netip"
	"slices"

	"fairlead.dev/internal/model"
)

// Assign gives every claim an address of each family that it wants, from the
// prefix of that family. held are the addresses that running services have:
// they keep them. A claim with an Error among the conflicts gets nothing.
//
// Addresses go out in this order: those asked for by the service that holds
// them, those held, those asked for, the rest by hash; the smaller key first.
func Assign(prefixes []netip.Prefix, claims []Claim, held map[model.Key][]netip.Addr) (map[model.Key][]netip.Addr, []Conflict) {
	sorted := slices.Clone(claims)
	slices.SortFunc(sorted, func(a, b Claim) int { return a.Key.Compare(b.Key) })
	sorted = slices.CompactFunc(sorted, func(a, b Claim) bool { return a.Key == b.Key })

	assigned := make(map[model.Key][]netip.Addr, len(sorted))
	refused := make(map[model.Key]bool)
	var conflicts []Conflict
	byFamily := make(map[Family]map[model.Key]netip.Addr, len(prefixes))
	for _, p := range prefixes {
		f := FamilyOf(p.Addr())
		if byFamily[f] != nil {
			continue
		}
		r := newRound(p, len(sorted))
		r.run(sorted, held)
		byFamily[f] = r.got
		conflicts = append(conflicts, r.conflicts...)
	}
	for _, c := range conflicts {
		if c.Severity == model.Error {
			refused[c.Key] = true
		}
	}
	for _, c := range sorted {
		if refused[c.Key] {
			continue
		}
		for _, f := range c.Families {
			if a, ok := byFamily[f][c.Key]; ok {
				assigned[c.Key] = append(assigned[c.Key], a)
			}
		}
	}
	slices.SortStableFunc(conflicts, func(a, b Conflict) int {
		return cmp.Or(a.Key.Compare(b.Key), a.Addr.Compare(b.Addr))
	})
	return assigned, conflicts
}

// round is the assignment of one family.
type round struct {
	band
	family    Family
	taken     map[netip.Addr]model.Key
	got       map[model.Key]netip.Addr
	conflicts []Conflict
}

func newRound(p netip.Prefix, n int) *round {
	return &round{
		band:   newBand(p),
		family: FamilyOf(p.Addr()),
		taken:  make(map[netip.Addr]model.Key, n),
		got:    make(map[model.Key]netip.Addr, n),
	}
}

func (r *round) run(claims []Claim, held map[model.Key][]netip.Addr) {
	var asking []Claim
	var rest []model.Key
	for _, c := range claims {
		if !slices.Contains(c.Families, r.family) {
			continue
		}
		want, have := r.request(c), r.held(held[c.Key])
		switch {
		case want.IsValid() && want == have && r.take(c.Key, want):
		case want.IsValid():
			asking = append(asking, c)
		case have.IsValid() && r.take(c.Key, have):
		default:
			rest = append(rest, c.Key)
		}
	}
	for _, c := range asking {
		r.grant(c)
	}
	r.spread(rest)
}
