package file

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"fairlead.dev/internal/model"
)

// accept makes a trial the served state.
func (l *Loader) accept(found scanned, t *trial, back map[*manifest][]model.Problem) Desired {
	l.served.owners = t.owners()
	l.served.services = make(map[string][]model.Key)
	for k, path := range t.keys {
		l.served.services[path] = append(l.served.services[path], k)
	}
	l.remember(t.services)

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
		Problems: problems, Skipped: skipped, Files: len(t.chosen),
	}
	d.Fresh = l.fresh(problems)
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
		if _, ok := owners[id]; !ok {
			owners[id] = s.file.path
		}
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

func (l *Loader) heldProblem(m *manifest) model.Problem {
	n := len(l.served.services[m.path])
	return model.Problem{
		Severity: model.Warning, Reason: "LastGoodVersion", File: m.path,
		Message: fmt.Sprintf("the file has errors, so that its last good version stays in effect: %s served as before", count(n, "service is", "services are")),
		Hint:    "mend the errors, and it is read again",
	}
}

// fresh are the problems that did not stand before.
func (l *Loader) fresh(problems []model.Problem) []model.Problem {
	now := make(map[model.Problem]bool, len(problems))
	var fresh []model.Problem
	for _, p := range problems {
		if !l.served.problems[p] && !now[p] {
			fresh = append(fresh, p)
		}
		now[p] = true
	}
	l.served.problems = now
	return fresh
}

// nothingIn tells about the paths named in which there is nothing to serve.
func nothingIn(found scanned, t *trial) []model.Problem {
	full := maps.Clone(found.shared)
	roots := make(map[string]string, len(found.files))
	for _, c := range found.files {
		roots[c.path] = c.root
	}
	for _, s := range t.sources {
		full[roots[s.file.path]] = true
	}
	for path := range t.errors {
		full[roots[path]] = true
	}
	var out []model.Problem
	for _, p := range found.named {
		if full[p] {
			continue
		}
		out = append(out, model.Problem{
			Severity: model.Warning, Reason: "NothingHere", File: p, Message: "there is nothing to serve in " + p,
			Hint: "write a Service, an EndpointSlice or an ExternalService there, or name another path",
		})
	}
	return out
}

// skippedProblem names the kinds that are skipped, in one line.
func skippedProblem(skipped map[string]int) []model.Problem {
	if len(skipped) == 0 {
		return nil
	}
	total := 0
	words := make([]string, 0, len(skipped))
	for _, kind := range slices.Sorted(maps.Keys(skipped)) {
		total += skipped[kind]
		words = append(words, fmt.Sprintf("%d %s", skipped[kind], kind))
	}
	return []model.Problem{{
		Severity: model.Info, Reason: "KindsSkipped",
		Message: fmt.Sprintf("%s not for Fairlead and skipped: %s", count(total, "object is", "objects are"), strings.Join(words, ", ")),
	}}
}

// inOrder sorts problems by file, in the order in which files are read, and by
// line.
func inOrder(problems []model.Problem, found scanned) {
	rank := make(map[string]int, len(found.files))
	for i, c := range found.files {
		rank[c.path] = i + 1
	}
	slices.SortStableFunc(problems, func(a, b model.Problem) int {
		return cmp.Or(cmp.Compare(rank[a.File], rank[b.File]), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
}

// everyNamespace adds the namespaces that every cluster has.
func everyNamespace(declared []string) []string {
	all := append(slices.Clone(declared), "default", "kube-node-lease", "kube-public", "kube-system")
	slices.Sort(all)
	return slices.Compact(all)
}
