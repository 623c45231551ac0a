package file

import (
	"maps"
	"net/netip"
	"slices"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/vip"
)

// served is what the last load came to.
type served struct {
	// owners says which file an object is served from.
	owners map[identity]string
	// addrs are the virtual IPs of every service that was ever served, so that
	// one that comes back has the one it had.
	addrs map[model.Key][]netip.Addr
	// services are those served from each file.
	services map[string][]model.Key
	problems map[model.Problem]bool
}

// identity is an object's kind and name.
type identity struct {
	kind string
	model.Key
}

// complaint is a problem without its place, which moves when lines are added.
type complaint struct {
	reason, object, field, message string
}

func newServed() served {
	return served{
		owners: map[identity]string{}, addrs: map[model.Key][]netip.Addr{},
		services: map[string][]model.Key{}, problems: map[model.Problem]bool{},
	}
}

// settle decides which version of each file is served, and returns what that
// comes to. back are the files that stay at the version that is served, with
// what is wrong with the one that is not. Each file's current version is tried. Those with Errors that were
// better before go back to what they were, until nothing changes: at most as
// many rounds as there are broken files, and two as a rule.
func (l *Loader) settle(found scanned) Desired {
	order := l.order(found)
	back := make(map[*manifest][]model.Problem)
	for {
		t := l.try(order, back)
		if !l.rollBack(order, t, back, false) && !l.rollBack(order, t, back, true) {
			return l.accept(found, t, back)
		}
	}
}

// rollBack adds to back the files that must be in it, and reports whether there
// are any. Files that only collide with others come last, for with those rolled
// back they may not.
func (l *Loader) rollBack(order []*manifest, t *trial, back map[*manifest][]model.Problem, collisions bool) bool {
	before := len(back)
	for _, m := range order {
		if back[m] == nil && l.hold(m, t) && (collisions || !onlyCollides(t.errors[m.path])) {
			back[m] = t.about(m.path)
		}
	}
	return len(back) > before
}

// onlyCollides reports whether all errors are about what another object has.
func onlyCollides(errs []model.Problem) bool {
	return !slices.ContainsFunc(errs, func(p model.Problem) bool {
		return p.Reason != convert.ReasonDefinedTwice && p.Reason != vip.ReasonAddressTaken && p.Reason != vip.ReasonRangeExhausted
	})
}

// order lists the files in the order of their paths as named; files in folders
// that cannot be listed now come last.
func (l *Loader) order(found scanned) []*manifest {
	order := make([]*manifest, 0, len(l.files))
	listed := make(map[string]bool, len(found.files))
	for _, c := range found.files {
		order = append(order, l.files[c.path])
		listed[c.path] = true
	}
	for _, path := range slices.Sorted(maps.Keys(l.files)) {
		if !listed[path] {
			order = append(order, l.files[path])
		}
	}
	return order
}

// hold says whether a file must go back to the version that is served: when its
// current one has Errors and that one had none, or when it has new Errors and
// would take a service away.
func (l *Loader) hold(m *manifest, t *trial) bool {
	errs := t.errors[m.path]
	if m.served == nil || m.served == m.current || len(errs) == 0 {
		return false
	}
	return m.served.clean || brings(errs, m.served.errors) && l.loses(m, t)
}

// brings reports whether there is an Error that was not there before.
func brings(errs []model.Problem, before map[complaint]bool) bool {
	return slices.ContainsFunc(errs, func(p model.Problem) bool { return !before[complaintOf(p)] })
}

func complaintOf(p model.Problem) complaint {
	return complaint{reason: p.Reason, object: p.Object, field: p.Field, message: p.Message}
}

// loses reports whether a service that is served from the file would not be.
func (l *Loader) loses(m *manifest, t *trial) bool {
	return slices.ContainsFunc(l.served.services[m.path], func(k model.Key) bool { return t.keys[k] == "" })
}
