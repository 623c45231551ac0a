// Package material reads from an API server what specs name beside services: Secrets
// to log in with, certificates with their keys, and the certificates of authorities.
//
// An object is read by its name, as often as that is needed, and by nothing else: a
// list, a watch or a cache would take every Secret of the cluster. What was read holds
// until something else is: while the API server is away or slow, everything goes on as
// ever.
//
// It does not say what an object means: that is package convert's.
package material

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

// theCluster is where objects are missing.
const theCluster = "the cluster"

// Config is what a [Store] needs.
type Config struct {
	// Live reads from the API server, past any cache. Required.
	Live client.Reader
	// Now is the clock. Required.
	Now func() time.Time
	// Forbidden is the error for an object that may not be read; it tells whoever
	// installed the program what to grant. Required.
	Forbidden func(kind string, key model.Key) error
}

// Store holds what was read. Make one with [New]. Its methods may be called
// concurrently; their errors are for a person.
type Store struct {
	logins     *shelf[Login]
	pairs      *shelf[*tls.Certificate]
	secrets    *shelf[[]*x509.Certificate]
	configMaps *shelf[[]*x509.Certificate]
}

// Login is what a probe logs in with.
type Login struct{ Username, Password string }

// New returns a store that has read nothing yet.
func New(c Config) *Store {
	noSecret := func(key model.Key) error { return convert.NoSecret(key, theCluster) }
	noPair := func(key model.Key) error { return convert.NoCertificate(key, theCluster) }
	noAuthority := func(kind string) func(model.Key) error {
		return func(key model.Key) error {
			return convert.NoAuthorities(key.Namespace, model.Reference{Kind: kind, Name: key.Name}, theCluster)
		}
	}
	return &Store{
		logins:     newShelf(c, "Secret", noSecret, login),
		pairs:      newShelf(c, "Secret", noPair, convert.KeyPair),
		secrets:    newShelf(c, "Secret", noAuthority("Secret"), convert.SecretAuthorities),
		configMaps: newShelf(c, "ConfigMap", noAuthority("ConfigMap"), convert.ConfigMapAuthorities),
	}
}

func login(s *corev1.Secret) (Login, error) {
	username, password, err := convert.Login(s)
	return Login{username, password}, err
}

// object is what can be read.
type object[O any] interface {
	*O
	client.Object
}

func newShelf[T, O any, P object[O]](c Config, kind string, none func(model.Key) error, understand func(P) (T, error)) *shelf[T] {
	return &shelf[T]{
		kind: kind, now: c.Now, none: none, known: map[model.Key]*item[T]{},
		forbidden: func(key model.Key) error { return c.Forbidden(kind, key) },
		read: func(ctx context.Context, key model.Key) (T, error) {
			o := P(new(O))
			if err := c.Live.Get(ctx, client.ObjectKey(key), o); err != nil {
				var nothing T
				return nothing, err
			}
			return understand(o)
		},
	}
}

// Login returns what a Secret gives to log in with.
func (s *Store) Login(ctx context.Context, namespace, name string) (Login, error) {
	return s.logins.get(ctx, model.Key{Namespace: namespace, Name: name})
}

// Certificate returns the key pair of a Secret of type kubernetes.io/tls. It waits for
// the API server only where nothing is known.
func (s *Store) Certificate(namespace, name string) (*tls.Certificate, error) {
	return s.pairs.get(context.Background(), model.Key{Namespace: namespace, Name: name})
}

// ErrNotYet is the error of what was never asked for before. It is asked for now.
var ErrNotYet = errors.New("it is being read")

// Known is what the store knows without waiting for anything, as package convert wants
// it. What is not known is asked for, and Waiting is set. It is for one goroutine.
type Known struct {
	store *Store
	// Waiting says that something was not known yet.
	Waiting bool
}

// Known returns a view of the store that never waits.
func (s *Store) Known() *Known { return &Known{store: s} }

// Certificate is [Store.Certificate] without waiting.
func (k *Known) Certificate(namespace, name string) (*tls.Certificate, error) {
	return peek(k, k.store.pairs, model.Key{Namespace: namespace, Name: name})
}

// Authorities is [Store.Authorities] without waiting.
func (k *Known) Authorities(namespace string, ref model.Reference) ([]*x509.Certificate, error) {
	key := model.Key{Namespace: namespace, Name: ref.Name}
	if ref.Kind == "Secret" {
		return peek(k, k.store.secrets, key)
	}
	return peek(k, k.store.configMaps, key)
}

func peek[T any](k *Known, s *shelf[T], key model.Key) (T, error) {
	value, err := s.peek(key)
	if errors.Is(err, ErrNotYet) {
		k.Waiting = true
	}
	return value, err
}

// Authorities returns the certificates that a ConfigMap or Secret has under ca.crt. It
// waits for the API server only where nothing is known.
func (s *Store) Authorities(namespace string, ref model.Reference) ([]*x509.Certificate, error) {
	key := model.Key{Namespace: namespace, Name: ref.Name}
	if ref.Kind == "Secret" {
		return s.secrets.get(context.Background(), key)
	}
	return s.configMaps.get(context.Background(), key)
}
