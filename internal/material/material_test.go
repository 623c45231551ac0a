package material

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

func store(v *vault) *Store {
	return New(Config{Live: v, Now: time.Now, Forbidden: func(kind string, key model.Key) error {
		return fmt.Errorf("the controller may not read %s %s", kind, key)
	}})
}

func logIn(s *Store, ctx context.Context, namespace, name string) (username, password string, err error) {
	l, err := s.Login(ctx, namespace, name)
	return l.Username, l.Password, err
}

// vault is an API server with one Secret. All but Get is not to be used.
type vault struct {
	client.Reader
	mu     sync.Mutex
	secret *corev1.Secret
	err    error
	hangs  bool
	asked  int
}

func (v *vault) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	if v.hangs {
		v.mu.Unlock()
		<-ctx.Done()
		v.mu.Lock()
		return ctx.Err()
	}
	if v.err != nil {
		return v.err
	}
	if v.secret == nil || v.secret.Name != key.Name || v.secret.Namespace != key.Namespace {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, key.Name)
	}
	v.secret.DeepCopyInto(into.(*corev1.Secret))
	return nil
}

// set makes the Secret's password that, or takes the Secret away.
func (v *vault) set(password, consent string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secret, v.err = nil, err
	if password != "" {
		v.secret = &corev1.Secret{Data: map[string][]byte{"username": []byte("probe"), "password": []byte(password)}}
		v.secret.Namespace, v.secret.Name = "shop", "probe"
		v.secret.Annotations = map[string]string{v1alpha1.AnnotationAllowProbe: consent}
	}
}

func (v *vault) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked
}

// TestCredentials follows one Secret through its life. Each step begins after a
// pause, and is asked for twice.
func TestCredentials(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "probe", errors.New("no"))
	synctest.Test(t, func(t *testing.T) {
		v := &vault{}
		c := store(v)
		for _, step := range []struct {
			name              string
			after             time.Duration
			password, consent string
			err               error
			want              string
		}{
			{"none", 0, "", "", nil, "there is no Secret shop/probe in the cluster; write one of type kubernetes.io/basic-auth"},
			{"it comes, and is not looked for at once", time.Second, "first", "true", nil, "there is no Secret"},
			{"it is found", 2 * time.Second, "first", "true", nil, "probe/first"},
			{"rotated, and kept for a while", 29 * time.Second, "second", "true", nil, "probe/first"},
			{"while it is read again", 2 * time.Second, "second", "true", nil, "probe/first"},
			{"used", time.Second, "second", "true", nil, "probe/second"},
			{"the API server is away for an hour", time.Hour, "", "", errors.New("connection refused"), "probe/second"},
			{"and another one", time.Hour, "", "", errors.New("connection refused"), "probe/second"},
			{"it does not know who asks", time.Minute, "", "", apierrors.NewUnauthorized("no"), "probe/second"},
			{"nor a minute later", time.Minute, "", "", apierrors.NewUnauthorized("no"), "probe/second"},
			{"it is back", time.Minute, "third", "true", nil, "probe/second"},
			{"and is read", time.Minute, "third", "true", nil, "probe/third"},
			{"consent is taken back", time.Minute, "third", "no", nil, "probe/third"},
			{"and so is the login", time.Minute, "third", "no", nil, "Secret shop/probe does not consent"},
			{"the right is taken away", time.Minute, "third", "true", denied, "the controller may not read Secret shop/probe"},
			{"the API server is away, and nothing is known", time.Minute, "", "", errors.New("connection refused"), "read Secret shop/probe: connection refused"},
		} {
			time.Sleep(step.after)
			v.set(step.password, step.consent, step.err)
			for range 2 {
				username, password, err := logIn(c, t.Context(), "shop", "probe")
				got := username + "/" + password
				if err != nil {
					got = err.Error()
				}
				if !strings.HasPrefix(got, step.want) {
					t.Errorf("%s: %s, want %s", step.name, got, step.want)
				}
			}
			synctest.Wait()
		}
	})
}

// TestCredentialsOfMany: a hundred probes at once are one question, and one that is
// asked all day is one every half minute.
func TestCredentialsOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{}
		v.set("s3cret", "true", nil)
		c := store(v)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, password, err := logIn(c, t.Context(), "shop", "probe"); password != "s3cret" || err != nil {
					t.Errorf("%q, %v", password, err)
				}
			})
		}
		all.Wait()
		if n := v.count(); n != 1 {
			t.Errorf("%d questions at once", n)
		}
		for range 3600 {
			time.Sleep(time.Second)
			_, _, _ = logIn(c, t.Context(), "shop", "probe")
		}
		synctest.Wait()
		if n := v.count(); n < 100 || n > 121 {
			t.Errorf("%d questions in an hour, want 120", n)
		}
	})
}

// TestCredentialsOfASilentServer: a probe waits for no longer than it may, and not at
// all where something is known.
func TestCredentialsOfASilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{hangs: true}
		c := store(v)
		ask := func() (time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, _, err := logIn(c, ctx, "shop", "probe")
			return time.Since(began), err
		}
		if took, err := ask(); took != 100*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it waits %s for %v", took, err)
		}
		time.Sleep(time.Minute)
		v.mu.Lock()
		v.hangs = false
		v.mu.Unlock()
		v.set("s3cret", "true", nil)
		if took, err := ask(); took != 0 || err != nil {
			t.Errorf("it waits %s for %v", took, err)
		}
		time.Sleep(time.Minute)
		v.mu.Lock()
		v.hangs = true
		v.mu.Unlock()
		if took, err := ask(); took != 0 || err != nil {
			t.Errorf("it waits %s for %v, and the login is known", took, err)
		}
		time.Sleep(limit)
		synctest.Wait()
	})
}

// TestCredentialsForget: what nobody asks for is not kept.
func TestCredentialsForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{}
		v.set("s3cret", "true", nil)
		c := store(v)
		_, _, _ = logIn(c, t.Context(), "shop", "probe")
		time.Sleep(kept + idle + time.Second)
		_, _, _ = logIn(c, t.Context(), "shop", "other")
		if n := len(c.logins.known); n != 1 {
			t.Errorf("%d Secrets are kept", n)
		}
	})
}
