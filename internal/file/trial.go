package file

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

// trial is what one choice of versions comes to.
type trial struct {
	chosen     map[*manifest]*version
	sources    []sourceObject
	services   []model.Service
	namespaces []string
	problems   []model.Problem
	// errors are the Errors among the problems, by file.
	errors map[string][]model.Problem
	// keys are those of the services, from the file that defines each.
	keys map[model.Key]string
	// secrets are those of the chosen versions, and guards the files of those that
	// consent.
	secrets secrets
	guards  map[model.Key]string
	// configMaps are those with certificates.
	configMaps configMaps
	// shelves are the files of all these.
	shelves []string
}

// sourceObject is an object, and where it stands.
type sourceObject struct {
	object
	file *manifest
	doc  placed
}

// try converts the current versions of all files but those in back, of which
// it takes the served one.
func (l *Loader) try(order []*manifest, back map[*manifest][]model.Problem) *trial {
	t := &trial{
		chosen: make(map[*manifest]*version, len(order)),
		errors: make(map[string][]model.Problem),
		keys:   make(map[model.Key]string),
	}
	for _, m := range order {
		v := m.current
		if _, ok := back[m]; ok {
			v = m.served
		}
		t.chosen[m] = v
		t.textProblems(m, v, len(l.served.services[m.path]))
	}
	t.collect(order, l.served.owners)
	t.unlock()
	t.shelve()

	out := convert.Convert(convert.Input{Objects: t.input(), ClusterDomain: l.cfg.ClusterDomain, ServiceCIDRs: l.cfg.ServiceCIDRs})
	t.namespaces = out.Namespaces
	lines, why := lineFinder{}, make(causes)
	for _, p := range out.Problems {
		src := t.sources[p.Source]
		if why.take(src, p.Problem) {
			continue
		}
		p.Line = src.doc.fileLine(lines.find(src, p.Field))
		t.add(p.Problem)
	}
	t.lacking(out.Services, &lines)
	t.uncertified(out.Services, &lines)
	t.explain(why)
	t.assign(l, out.Services, &lines)
	return t
}

// textProblems adds what is wrong with the text of a file, of which so many
// services are served now.
func (t *trial) textProblems(m *manifest, v *version, serves int) {
	if v.empty && v != m.served && serves > 0 {
		t.add(model.Problem{
			Severity: model.Error, Reason: "FileEmpty", File: m.path, Message: fmt.Sprintf("the file is empty, and %s served from it", count(serves, "service is", "services are")),
			Hint: "delete the file, or write a comment into it, to stop serving them",
		})
	}
	for _, p := range v.problems {
		t.add(p)
	}
	for _, d := range v.docs {
		for _, p := range d.problems {
			p.File, p.Line = m.path, d.fileLine(p.Line)
			t.add(p)
		}
	}
}

// explain words the problems that are causes as such.
func (t *trial) explain(why causes) {
	for i, p := range t.problems {
		is, ok := why[p]
		if !ok {
			continue
		}
		t.problems[i] = is
		if is.Severity == model.Error {
			t.errors[is.File] = append(t.errors[is.File], is)
		}
	}
}

func (t *trial) add(p model.Problem) {
	t.problems = append(t.problems, p)
	if p.Severity == model.Error {
		t.errors[p.File] = append(t.errors[p.File], p)
	}
}

// about are the problems of a file.
func (t *trial) about(path string) []model.Problem {
	var out []model.Problem
	for _, p := range t.problems {
		if p.File == path {
			out = append(out, p)
		}
	}
	return out
}

// collect lists the objects of the chosen versions. Those that are served from
// their file now come first: a newcomer never takes their place.
func (t *trial) collect(order []*manifest, owners map[identity]string) {
	var newcomers []sourceObject
	for _, m := range order {
		for _, d := range t.chosen[m].docs {
			for _, o := range d.objects {
				src := sourceObject{object: o, file: m, doc: d}
				if owner, ok := owners[src.identity()]; ok && owner == m.path {
					t.sources = append(t.sources, src)
					continue
				}
				newcomers = append(newcomers, src)
			}
		}
	}
	t.sources = append(t.sources, newcomers...)
}

func (t *trial) input() []convert.Object {
	in := make([]convert.Object, len(t.sources))
	for i, s := range t.sources {
		in[i] = convert.Object{Value: s.value, File: s.file.path, Line: s.doc.fileLine(s.line), Refused: s.refused}
	}
	return in
}

// identity is the object's. A Service and an ExternalService share theirs.
func (s sourceObject) identity() identity {
	if secret, ok := s.value.(*corev1.Secret); ok {
		return identity{kind: kindSecret, Key: keyOf(secret)}
	}
	if c, ok := s.value.(*corev1.ConfigMap); ok {
		return identity{kind: kindConfigMap, Key: model.Key{Namespace: c.Namespace, Name: c.Name}}
	}
	kind, key := convert.KeyOf(s.value)
	if kind == "ExternalService" {
		kind = "Service"
	}
	return identity{kind: kind, Key: key}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
