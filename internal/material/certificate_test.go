package material

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
)

// objects is an API server with Secrets and ConfigMaps, by kind and name.
type objects struct {
	client.Reader
	all map[string]client.Object
	err error
}

func (o *objects) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if o.err != nil {
		return o.err
	}
	kind := strings.TrimPrefix(fmt.Sprintf("%T", into), "*v1.")
	switch found := o.all[kind+"/"+key.Name].(type) {
	case *corev1.Secret:
		found.DeepCopyInto(into.(*corev1.Secret))
	case *corev1.ConfigMap:
		found.DeepCopyInto(into.(*corev1.ConfigMap))
	default:
		return apierrors.NewNotFound(schema.GroupResource{Resource: kind}, key.Name)
	}
	return nil
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "shop", Name: name} }

// TestCertificates: what a gateway names is read by its kind, is used for as long as it
// counts as known and while the API server is away, and is then read anew.
func TestCertificates(t *testing.T) {
	ca := authority.New(t, "Outside CA")
	cert, key := authority.Encode(t, ca.Issue([]string{"web"}))
	next, nextKey := authority.Encode(t, ca.Issue([]string{"web"}))
	synctest.Test(t, func(t *testing.T) {
		o := &objects{all: map[string]client.Object{
			"Secret/pair":     &corev1.Secret{ObjectMeta: named("pair"), Type: corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": cert, "tls.key": key}},
			"Secret/opaque":   &corev1.Secret{ObjectMeta: named("opaque"), Data: map[string][]byte{"password": []byte("x")}},
			"Secret/ca":       &corev1.Secret{ObjectMeta: named("ca"), Data: map[string][]byte{"ca.crt": []byte(ca.PEM())}},
			"ConfigMap/ca":    &corev1.ConfigMap{ObjectMeta: named("ca"), Data: map[string]string{"ca.crt": ca.PEM()}},
			"ConfigMap/other": &corev1.ConfigMap{ObjectMeta: named("other"), Data: map[string]string{"x": "y"}},
			"ConfigMap/words": &corev1.ConfigMap{ObjectMeta: named("words"), Data: map[string]string{"ca.crt": "no PEM"}},
		}}
		s := New(Config{Live: o, Now: time.Now, Forbidden: func(kind string, key model.Key) error { return fmt.Errorf("may not read %s %s", kind, key) }})
		first, err := s.Certificate("shop", "pair")
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range []model.Reference{{Kind: "Secret", Name: "ca"}, {Kind: "ConfigMap", Name: "ca"}} {
			if got, err := s.Authorities("shop", ref); err != nil || len(got) != 1 || got[0].Subject.CommonName != "Outside CA" {
				t.Errorf("%v: %v, %v", ref, got, err)
			}
		}
		for _, c := range []struct {
			get  func() error
			want string
		}{
			{func() error { _, err := s.Certificate("shop", "opaque"); return err }, "tls.crt"},
			{func() error { _, err := s.Certificate("shop", "absent"); return err }, "there is no Secret shop/absent"},
			{func() error {
				_, err := s.Authorities("shop", model.Reference{Kind: "ConfigMap", Name: "other"})
				return err
			}, "ca.crt"},
			{func() error {
				_, err := s.Authorities("shop", model.Reference{Kind: "ConfigMap", Name: "words"})
				return err
			}, "ca.crt"},
			{func() error {
				_, err := s.Authorities("shop", model.Reference{Kind: "Secret", Name: "opaque"})
				return err
			}, "ca.crt"},
		} {
			if err := c.get(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		}

		o.err = apierrors.NewServiceUnavailable("away")
		time.Sleep(time.Hour)
		if again, err := s.Certificate("shop", "pair"); err != nil || again != first {
			t.Errorf("while the API server is away it is %v, %v", again, err)
		}
		synctest.Wait()
		o.err = nil
		o.all["Secret/pair"] = &corev1.Secret{ObjectMeta: named("pair"), Type: corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": next, "tls.key": nextKey}}
		for range 3 { // what is known serves while it is read anew
			time.Sleep(time.Minute)
			_, _ = s.Certificate("shop", "pair")
			synctest.Wait()
		}
		if again, err := s.Certificate("shop", "pair"); err != nil || again == first {
			t.Errorf("after it was rotated it is %v, %v", again, err)
		}
	})
}
