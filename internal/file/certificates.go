package file

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

const kindConfigMap = "ConfigMap"

// theManifests is what the manifests are called that lack something.
const theManifests = "the manifests"

// configMaps are those with certificates of the served versions, by name.
type configMaps map[model.Key]*corev1.ConfigMap

// materials are what specs name beside services, of the served versions.
type materials struct {
	secrets    secrets
	configMaps configMaps
	// pairs and pools are what was read of them already: each is asked for at every
	// TLS handshake.
	pairs, pools sync.Map
}

// keyPair is what a Secret gives.
type keyPair struct {
	certificate *tls.Certificate
	err         error
}

// Certificate returns the key pair of a Secret.
func (m *materials) Certificate(namespace, name string) (*tls.Certificate, error) {
	key := model.Key{Namespace: namespace, Name: name}
	if known, ok := m.pairs.Load(key); ok {
		p := known.(keyPair)
		return p.certificate, p.err
	}
	var p keyPair
	if s := m.secrets[key]; s == nil {
		p.err = convert.NoCertificate(key, theManifests)
	} else {
		p.certificate, p.err = convert.KeyPair(s)
	}
	m.pairs.Store(key, p)
	return p.certificate, p.err
}

// pool is what an object with authorities gives.
type pool struct {
	certificates []*x509.Certificate
	err          error
}

type poolKey struct {
	namespace string
	ref       model.Reference
}

// Authorities returns the certificates under ca.crt.
func (m *materials) Authorities(namespace string, ref model.Reference) ([]*x509.Certificate, error) {
	at := poolKey{namespace, ref}
	if known, ok := m.pools.Load(at); ok {
		p := known.(pool)
		return p.certificates, p.err
	}
	p := pool{err: convert.NoAuthorities(namespace, ref, theManifests)}
	key := model.Key{Namespace: namespace, Name: ref.Name}
	if s := m.secrets[key]; s != nil && ref.Kind == kindSecret {
		p.certificates, p.err = convert.SecretAuthorities(s)
	}
	if c := m.configMaps[key]; c != nil && ref.Kind == kindConfigMap {
		p.certificates, p.err = convert.ConfigMapAuthorities(c)
	}
	m.pools.Store(at, p)
	return p.certificates, p.err
}

// Certificate returns the key pair of a Secret of type kubernetes.io/tls in the
// manifests that are served now. Its error says what to write, and is for a person. It
// is safe for concurrent use, and never waits for files.
func (l *Loader) Certificate(namespace, name string) (*tls.Certificate, error) {
	return l.now().Certificate(namespace, name)
}

// Authorities is the same for the certificates under ca.crt of a ConfigMap or Secret.
func (l *Loader) Authorities(namespace string, ref model.Reference) ([]*x509.Certificate, error) {
	return l.now().Authorities(namespace, ref)
}

// now is what is served; nothing before the first load.
func (l *Loader) now() *materials {
	if m := l.materials.Load(); m != nil {
		return m
	}
	return &materials{}
}

// configMap reads a ConfigMap with certificates of authorities. The others are not for
// Fairlead, whatever they are for.
func (p *parser) configMap(n *yaml.Node, items []int, tm typeMeta, k *kind) {
	data := get(n, "data")
	if data == nil || get(data, convert.CAKey) == nil {
		p.count(kindConfigMap)
		return
	}
	p.decode(n, items, tm, k)
}

// shelve takes the ConfigMaps out of the trial's sources. Of two that have one name
// the first stays.
func (t *trial) shelve() {
	t.configMaps = make(configMaps)
	places := make(map[model.Key]sourceObject)
	rest := t.sources[:0:0]
	for _, src := range t.sources {
		c, ok := src.value.(*corev1.ConfigMap)
		if !ok {
			rest = append(rest, src)
			continue
		}
		key := keyOf(c)
		first, taken := places[key]
		switch {
		case src.refused:
		case taken:
			t.add(twice(kindConfigMap, src, first, key))
		default:
			named := *c
			named.Namespace = key.Namespace
			t.configMaps[key], places[key] = &named, src
			t.shelves = append(t.shelves, src.file.path)
		}
	}
	t.sources = rest
}

// uncertified warns of gateways that name certificates which are not to be had.
func (t *trial) uncertified(services []convert.Wanted, lines *lineFinder) {
	m := &materials{secrets: t.secrets, configMaps: t.configMaps}
	for i := range services {
		s := &services[i]
		all, named := convert.Lacks(&s.Service, m)
		s.Named, s.Lack = named, convert.Unresolved(all)
		for _, l := range all {
			t.lack(s, l, lines)
		}
	}
}

// lack warns that what a field names is not to be had.
func (t *trial) lack(s *convert.Wanted, l convert.Lack, lines *lineFinder) {
	why := new(convert.LackError)
	if !errors.As(l.Err, &why) {
		return
	}
	src := t.sources[s.Source]
	t.add(model.Problem{
		Severity: model.Warning, Reason: "CertificateMissing", Object: s.Origin.Kind + " " + s.Key.String(),
		File: src.file.path, Line: src.doc.fileLine(lines.find(src, l.Field)), Field: l.Field,
		Message: why.Message, Hint: why.Hint,
	})
}
