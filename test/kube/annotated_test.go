//go:build linux

package kube

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// annotatedService is a plain Service whose endpoints are those of a host
// outside. More is further lines of its metadata's and its spec's.
func annotatedService(name, host, more, spec string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Service
metadata: {name: %s, labels: {team: storage}, annotations: {fairlead.dev/hostname: %q, %s}}
spec: {%s ports: [{name: postgres, port: 5432}]}
---
`, name, host, more, spec)
}

// TestAnnotated: a plain Service has its slices kept and is itself never
// written.
func TestAnnotated(t *testing.T) {
	for _, tt := range []struct {
		name, spec string
		headless   bool
	}{
		{"virtual", "", false},
		{"headless", "clusterIP: None,", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := start(t)
			w.apply(annotatedService("db", "10-0-1-25.example.com", "", tt.spec))
			w.publishes("db", "10.0.1.25:5432")
			s := w.service("db")
			for _, slice := range w.slices("db") {
				if owner := metav1.GetControllerOf(&slice); owner == nil || owner.Kind != "Service" || owner.UID != s.UID {
					t.Errorf("%s is owned by %v", slice.Name, slice.OwnerReferences)
				}
				if _, is := slice.Labels[corev1.IsHeadlessService]; is != tt.headless || slice.Labels[discoveryv1.LabelManagedBy] != "fairlead.dev" {
					t.Errorf("%s has the labels %v", slice.Name, slice.Labels)
				}
			}
			version := s.ResourceVersion
			untouched := func() {
				t.Helper()
				w.settle()
				wants(t, w.service("db").ResourceVersion, version)
			}
			annotate := func(words ...string) {
				t.Helper()
				w.kubectl(append([]string{"annotate", "--overwrite", "service", "db"}, words...)...)
				version = w.service("db").ResourceVersion
			}
			untouched()
			annotate("fairlead.dev/ports=postgres=6432")
			w.publishes("db", "10.0.1.25:6432")
			annotate("fairlead.dev/hostname=10-0-1-26.example.com")
			w.publishes("db", "10.0.1.26:6432")
			untouched()
			w.kubectl("delete", "endpointslice", w.slices("db")[0].Name)
			w.publishes("db", "10.0.1.26:6432")
			untouched()

			annotate("fairlead.dev/hostname-")
			w.none("db")
			untouched()
			annotate("fairlead.dev/hostname=10-0-1-25.example.com")
			w.publishes("db", "10.0.1.25:6432")
			untouched()
			w.kubectl("delete", "service", "db")
			w.none("db")
		})
	}
}

// none waits until a Service has no slice.
func (w *world) none(service string) {
	w.t.Helper()
	w.eventually("the slices of "+service+" are gone", func() string {
		if all := w.slices(service); len(all) > 0 {
			return fmt.Sprint(all[0].Name, " of ", len(all))
		}
		return ""
	})
}

// TestAnnotatedMistakes: a mistake is told once, leaves what stands, and may be
// mended.
func TestAnnotatedMistakes(t *testing.T) {
	w, _ := start(t)
	w.apply(annotatedService("db", "10-0-1-25.example.com", "", "") + annotatedService("new", "10.0.1.25", "", ""))
	w.event("new", "HostnameIsIP", "10.0.1.25 is an IP address")
	w.publishes("db", "10.0.1.25:5432")
	before := w.slices("db")[0].ResourceVersion

	w.kubectl("annotate", "--overwrite", "service", "db", "fairlead.dev/ports=mysql=3306")
	w.event("db", "UnknownPort", `"mysql" is no port`)
	w.kubectl("label", "service", "db", "new", "written=again")
	w.settle()
	wants(t, w.slices("db")[0].ResourceVersion, before)
	for _, name := range []string{"db", "new"} {
		if n, all := w.warnings(name); n != 1 {
			t.Errorf("%s has %d warnings\n%s", name, n, all)
		}
	}

	w.kubectl("annotate", "--overwrite", "service", "db", "fairlead.dev/ports=postgres=6432")
	w.publishes("db", "10.0.1.25:6432")
	w.kubectl("annotate", "--overwrite", "service", "new", "fairlead.dev/hostname=10-0-1-26.example.com")
	w.publishes("new", "10.0.1.26:5432")
	w.kubectl("annotate", "--overwrite", "service", "db", "fairlead.dev/ports=mysql=3306")
	w.eventually("the same mistake is told again", func() string {
		if n, all := w.warnings("db"); n != 2 {
			return all
		}
		return ""
	})
}

// warnings counts the warnings about an object, where a series counts as two.
func (w *world) warnings(object string) (n int, all string) {
	w.t.Helper()
	var list eventsv1.EventList
	if err := w.k.List(w.t.Context(), &list, client.InNamespace(w.ns)); err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, e := range list.Items {
		if e.Regarding.Name != object || e.Type != corev1.EventTypeWarning || e.ReportingController != "fairlead.dev/controller" {
			continue
		}
		n++
		if e.Series != nil {
			n++
		}
		lines = append(lines, fmt.Sprintf("%s %q %+v", e.Reason, e.Note, e.Series))
	}
	return n, strings.Join(lines, "\n")
}
