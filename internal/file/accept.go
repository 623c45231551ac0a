package file

import (
	"net/netip"
	"slices"

	"fairlead.dev/internal/model"
)

// accept makes a trial the served state.
func (l *Loader) accept(found scanned, t *trial, back map[*manifest][]model.Problem) Desired {
	removed := 0
	for _, keys := range l.served.services {
		for _, k := range keys {
			if t.keys[k] == "" {
				removed++
			}
		}
	}
	l.served.owners = t.owners()
	l.served.services = make(map[string][]model.Key)
	for k, path := range t.keys {
		l.served.services[path] = append(l.served.services[path], k)
	}
	l.remember(t.services)
	l.materials.Store(&materials{secrets: t.secrets, configMaps: t.configMaps})

	problems := slices.Concat(found.problems, t.standing(back))
	skipped := make(map[string]int)
	for m, v := range t.chosen {
		m.served = v
		if wrong, held := back[m]; held {
			problems = append(problems, wrong...)
			problems = append(problems, l.heldProblem(m))
		} else {
			v.judge(t.errors[m.path])
		}
		for _, d := range v.docs {
			for kind, n := range d.others {
				skipped[kind] += n
			}
		}
	}
	l.forget()
	problems = append(problems, nothingIn(found, t)...)
	problems = append(problems, skippedProblem(skipped)...)
	inOrder(problems, found)
	d := Desired{
		Services: t.services, Namespaces: everyNamespace(t.namespaces),
		Problems: problems, Skipped: skipped, Files: len(t.chosen), Removed: removed,
	}
	before := l.served.problems
	d.Fresh = l.fresh(problems)
	d.Mended = l.mended(before, found)
	return d
}

// standing are the problems of the files that are served as they are now. The
// lines of the others are those of a text that is no more.
func (t *trial) standing(back map[*manifest][]model.Problem) []model.Problem {
	held := make(map[string]bool, len(back))
	for m := range back {
		held[m.path] = true
	}
	return slices.DeleteFunc(t.problems, func(p model.Problem) bool { return held[p.File] })
}

// judge remembers whether a version that is served has Errors, and which.
func (v *version) judge(errs []model.Problem) {
	v.clean = len(errs) == 0
	v.errors = make(map[complaint]bool, len(errs))
	for _, p := range errs {
		v.errors[complaintOf(p)] = true
	}
}

func (t *trial) owners() map[identity]string {
	owners := make(map[identity]string, len(t.sources))
	for _, s := range t.sources {
		id := s.identity()
		if _, ok := owners[id]; !ok && !s.refused {
			owners[id] = s.file.path
		}
	}
	for key, path := range t.guards {
		owners[identity{kind: kindSecret, Key: key}] = path
	}
	return owners
}

// remember keeps the virtual IPs of what is served, and of what was, unless
// somebody else has them now.
func (l *Loader) remember(services []model.Service) {
	taken := make(map[netip.Addr]bool, len(services))
	now := make(map[model.Key][]netip.Addr, len(services))
	for i := range services {
		s := &services[i]
		now[s.Key] = s.ClusterIPs
		for _, a := range s.ClusterIPs {
			taken[a] = true
		}
	}
	for k, addrs := range l.served.addrs {
		if _, ok := now[k]; ok || slices.ContainsFunc(addrs, func(a netip.Addr) bool { return taken[a] }) {
			continue
		}
		now[k] = addrs
	}
	l.served.addrs = now
}

// everyNamespace adds the namespaces that every cluster has.
func everyNamespace(declared []string) []string {
	all := append(slices.Clone(declared), "default", "kube-node-lease", "kube-public", "kube-system")
	slices.Sort(all)
	return slices.Compact(all)
}
