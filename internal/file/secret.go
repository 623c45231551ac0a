package file

import (
	"errors"
	"regexp"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

const kindSecret = "Secret"

// secrets are those of the served versions, by name.
type secrets map[model.Key]*corev1.Secret

// login returns what the Secret of that name says to log in with.
func (s secrets) login(key model.Key) (username, password string, err error) {
	found := s[key]
	if found == nil {
		return "", "", convert.NoSecret(key, theManifests)
	}
	return convert.Login(found)
}

// Credentials returns what probes of a service in that namespace log in with: the
// username and password of the Secret of that name, in the manifests that are
// served now. Its error says what to write, and is for a person. It is safe for
// concurrent use, and never waits for files.
func (l *Loader) Credentials(namespace, name string) (username, password string, err error) {
	return l.now().secrets.login(model.Key{Namespace: namespace, Name: name})
}

// secret reads a Secret. Of one that neither consents nor has certificates nothing is
// read but the name: it is not for probes and not for gateways, whatever it is for.
func (p *parser) secret(n *yaml.Node, items []int, tm typeMeta, k *kind) {
	m := get(n, "metadata")
	if m == nil {
		m = &yaml.Node{}
	}
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: text(m, "namespace"), Name: text(m, "name")}}
	annotations := get(m, "annotations")
	if (annotations == nil || text(annotations, v1alpha1.AnnotationAllowProbe) != "true") && !certifies(n) {
		p.count(kindSecret)
		p.doc.objects = append(p.doc.objects, object{value: s, line: n.Line, root: p.root, items: items})
		return
	}
	if s.Name == "" {
		p.fail(model.Problem{
			Reason: "NameMissing", Object: kindSecret, Line: lineOf(n, "metadata"), Field: "metadata.name",
			Message: "a Secret needs a name", Hint: "write metadata: {name: analytics-db-probe}",
		})
		return
	}
	p.decode(n, items, tm, k)
}

// certifies reports whether a Secret has certificates.
func certifies(n *yaml.Node) bool {
	if text(n, "type") == string(corev1.SecretTypeTLS) {
		return true
	}
	for _, field := range []string{"data", "stringData"} {
		if held := get(n, field); held != nil && get(held, convert.CAKey) != nil {
			return true
		}
	}
	return false
}

// usable reports whether a Secret lets itself be used by probes, or has certificates
// for gateways.
func usable(s *corev1.Secret) bool {
	_, encoded := s.Data[convert.CAKey]
	_, plain := s.StringData[convert.CAKey]
	return s.Annotations[v1alpha1.AnnotationAllowProbe] == "true" || s.Type == corev1.SecretTypeTLS || encoded || plain
}

// keyOf is the name of a Secret or ConfigMap.
func keyOf(o metav1.Object) model.Key {
	k := model.Key{Namespace: o.GetNamespace(), Name: o.GetName()}
	if k.Namespace == "" {
		k.Namespace = corev1.NamespaceDefault
	}
	return k
}

// mentionsSecret reports whether a text that is not valid may be that of a Secret.
func mentionsSecret(text []byte) bool {
	return regexp.MustCompile(`\bkind["']?\s*:\s*["']?` + kindSecret + `\b`).Match(text)
}

// unlock takes the Secrets out of the trial's sources. Of two that may be used and
// have one name the first stays.
func (t *trial) unlock() {
	t.secrets, t.guards = make(secrets), make(map[model.Key]string)
	places := make(map[model.Key]sourceObject)
	rest := t.sources[:0:0]
	for _, src := range t.sources {
		s, ok := src.value.(*corev1.Secret)
		if !ok {
			rest = append(rest, src)
			continue
		}
		key := keyOf(s)
		switch first, taken := places[key]; {
		case src.refused:
		case !usable(s):
			if t.secrets[key] == nil {
				t.secrets[key] = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
			}
		case taken:
			t.add(twice(kindSecret, src, first, key))
		default:
			named := *s
			named.Namespace = key.Namespace
			t.secrets[key], t.guards[key], places[key] = &named, src.file.path, src
			t.shelves = append(t.shelves, src.file.path)
		}
	}
	t.sources = rest
}

// twice tells that an object of that kind and name stands already.
func twice(kind string, src, first sourceObject, key model.Key) model.Problem {
	here, there := src.place(), first.place()
	return model.Problem{
		Severity: model.Error, Reason: convert.ReasonDefinedTwice, Object: kind + " " + key.String(),
		File: src.file.path, Line: src.doc.fileLine(src.line), Field: "metadata.name",
		Message: key.String() + " is already defined by " + kind + " in " + there + "; that one stays and this one is not used",
		Hint:    "delete one of the two (" + there + ", " + here + "), or give one another name or namespace",
	}
}

// lacking warns of probes that have nothing to log in with.
func (t *trial) lacking(services []convert.Wanted, lines *lineFinder) {
	for i := range services {
		s := &services[i]
		if s.Probe == nil || s.Probe.Credentials == "" {
			continue
		}
		_, _, err := t.secrets.login(model.Key{Namespace: s.Key.Namespace, Name: s.Probe.Credentials})
		why := new(convert.LackError)
		if !errors.As(err, &why) {
			continue
		}
		src := t.sources[s.Source]
		field := "spec.probe." + string(s.Probe.Kind) + ".credentialsSecretRef.name"
		t.add(model.Problem{
			Severity: model.Warning, Reason: v1alpha1.ReasonCredentialsMissing, Object: s.Origin.Kind + " " + s.Key.String(),
			File: src.file.path, Line: src.doc.fileLine(lines.find(src, field)), Field: field,
			Message: why.Message, Hint: why.Hint,
		})
	}
}
