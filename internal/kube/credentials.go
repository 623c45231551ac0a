package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

const (
	// loginKept is how long what a Secret says is taken to be so: a password that is
	// rotated is used soon after that.
	loginKept = 30 * time.Second
	// loginDenied is the same for a Secret that gives nothing, or cannot be read.
	loginDenied = 2 * time.Second
	// loginIdle is after how long what nobody asks for is forgotten.
	loginIdle = 10 * time.Minute
	// loginLimit is how long the API server may take.
	loginLimit = 10 * time.Second
)

// credentials tells probes what they log in with. A Secret is read by its name, as
// often as that is needed, and by nothing else: a list, a watch or a cache would
// take every Secret of the cluster.
//
// What was read holds until something else is: while the API server is away or
// slow, probes go on as ever.
type credentials struct {
	live client.Reader // past the cache
	now  func() time.Time

	mu    sync.Mutex
	known map[model.Key]*login
}

// login is what one Secret says.
type login struct {
	username, password string
	err                error
	// until is for how long that is so. Zero before the first answer.
	until time.Time
	// asking is closed when the question that is under way has its answer; nil if
	// there is none.
	asking chan struct{}
}

func newCredentials(live client.Reader, now func() time.Time) *credentials {
	return &credentials{live: live, now: now, known: map[model.Key]*login{}}
}

// get returns username and password of a Secret. Its error says what to do, and is
// for a person. Of those who ask at once one asks the API server; all wait for it
// only where nothing is known that would do.
func (c *credentials) get(ctx context.Context, namespace, name string) (username, password string, err error) {
	key := model.Key{Namespace: namespace, Name: name}
	l, asking := c.look(ctx, key)
	if asking != nil {
		select {
		case <-asking:
			l = c.answer(key)
		case <-ctx.Done():
			return "", "", fmt.Errorf("read Secret %s: %w", key, ctx.Err())
		}
	}
	return l.username, l.password, l.err
}

// look returns what is known of a Secret, or else what to wait for.
func (c *credentials) look(ctx context.Context, key model.Key) (login, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	l := c.known[key]
	if l == nil {
		c.forget(now)
		l = &login{}
		c.known[key] = l
	}
	if now.Before(l.until) {
		return *l, nil
	}
	if l.asking == nil {
		l.asking = make(chan struct{})
		go c.ask(context.WithoutCancel(ctx), key, l)
	}
	if l.until.IsZero() || l.err != nil {
		return login{}, l.asking
	}
	return *l, nil
}

func (c *credentials) answer(key model.Key) login {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.known[key]; l != nil {
		return *l
	}
	return login{err: fmt.Errorf("read Secret %s: it took too long", key)}
}

// forget drops what nobody has asked for in a long time.
func (c *credentials) forget(now time.Time) {
	for key, l := range c.known {
		if l.asking == nil && now.Sub(l.until) > loginIdle {
			delete(c.known, key)
		}
	}
}

// ask reads the Secret.
func (c *credentials) ask(ctx context.Context, key model.Key, l *login) {
	ctx, cancel := context.WithTimeout(ctx, loginLimit)
	defer cancel()
	s := &corev1.Secret{}
	err := c.live.Get(ctx, client.ObjectKey(key), s)

	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { close(l.asking); l.asking = nil }()
	l.until = c.now().Add(loginDenied)
	known := l.username != "" || l.password != ""
	switch {
	case err == nil:
		l.username, l.password, l.err = convert.Login(s)
	case apierrors.IsNotFound(err):
		l.username, l.password, l.err = "", "", convert.NoSecret(key, "the cluster")
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		l.username, l.password, l.err = "", "", forbidden(key)
	case !known:
		l.err = fmt.Errorf("read Secret %s: %w", key, err)
	}
	if err == nil && l.err == nil {
		l.until = c.now().Add(loginKept)
	}
}

// forbidden tells whoever installed the controller. It does not repeat what the API
// server says, which has names of no interest.
func forbidden(key model.Key) error {
	return fmt.Errorf("the controller may not read Secret %s: install it with rbac.probeCredentials=true, or bind the ClusterRole fairlead-probe-credentials to it in namespace %s (docs/install.md)", key, key.Namespace)
}
