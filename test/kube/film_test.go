//go:build linux

package kube

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// film is every state that the EndpointSlices of a namespace were in, as a watch
// shows them to kube-proxy.
type film struct {
	w *world

	mu       sync.Mutex
	standing map[string]*discoveryv1.EndpointSlice
	frames   []frame
	needless []string
}

// frame is the ready addresses of each Service at one moment.
type frame map[string][]string

// film begins now. What it has seen is told by its methods, once it has seen
// what stands.
func (w *world) film() *film {
	w.t.Helper()
	f := &film{w: w, standing: map[string]*discoveryv1.EndpointSlice{}}
	var list discoveryv1.EndpointSliceList
	if err := w.k.List(w.t.Context(), &list, client.InNamespace(w.ns)); err != nil {
		w.t.Fatal(err)
	}
	for i := range list.Items {
		f.standing[list.Items[i].Name] = &list.Items[i]
	}
	f.frames = append(f.frames, f.frame())
	seen, err := w.k.Watch(w.t.Context(), &discoveryv1.EndpointSliceList{}, client.InNamespace(w.ns),
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.ResourceVersion}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(seen.Stop)
	go func() {
		for e := range seen.ResultChan() {
			if s, is := e.Object.(*discoveryv1.EndpointSlice); is {
				f.take(e.Type, s)
			}
		}
	}()
	return f
}

func (f *film) take(kind watch.EventType, s *discoveryv1.EndpointSlice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.standing[s.Name]
	if before != nil && kind == watch.Modified && alike(before, s) {
		f.needless = append(f.needless, fmt.Sprintf("%s from %s to %s", s.Name, before.ResourceVersion, s.ResourceVersion))
	}
	f.standing[s.Name] = s
	if kind == watch.Deleted {
		delete(f.standing, s.Name)
	}
	f.frames = append(f.frames, f.frame())
}

func alike(a, b *discoveryv1.EndpointSlice) bool {
	return equality.Semantic.DeepEqual(a.Endpoints, b.Endpoints) && equality.Semantic.DeepEqual(a.Ports, b.Ports) &&
		equality.Semantic.DeepEqual(a.Labels, b.Labels) && equality.Semantic.DeepEqual(a.OwnerReferences, b.OwnerReferences)
}

func (f *film) frame() frame {
	all := frame{}
	for _, s := range f.standing {
		service := s.Labels[discoveryv1.LabelServiceName]
		for _, e := range s.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				all[service] = append(all[service], e.Addresses...)
			}
		}
	}
	for _, addresses := range all {
		slices.Sort(addresses)
	}
	return all
}

// catchUp waits until the film shows what stands now.
func (f *film) catchUp() {
	f.w.t.Helper()
	var list discoveryv1.EndpointSliceList
	if err := f.w.k.List(f.w.t.Context(), &list, client.InNamespace(f.w.ns)); err != nil {
		f.w.t.Fatal(err)
	}
	f.w.eventually("the watch shows what stands", func() string {
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.standing) != len(list.Items) {
			return fmt.Sprintf("%d slices instead of %d", len(f.standing), len(list.Items))
		}
		for _, s := range list.Items {
			if shown := f.standing[s.Name]; shown == nil || shown.ResourceVersion != s.ResourceVersion {
				return s.Name + " " + s.ResourceVersion
			}
		}
		return ""
	})
}

// noNeedlessWrite fails the test if a slice was written as it stood.
func (f *film) noNeedlessWrite() {
	f.w.t.Helper()
	f.catchUp()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.needless) > 0 {
		f.w.t.Errorf("slices were written as they stood:\n%s", strings.Join(f.needless, "\n"))
	}
}

// noGap fails the test if a Service ever had neither all of the one addresses nor
// all of the other.
func (f *film) noGap(service string, one, other []string) {
	f.w.t.Helper()
	f.catchUp()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, now := range f.frames {
		if !holds(now[service], one) && !holds(now[service], other) {
			f.w.t.Errorf("state %d of %d: %s had %v, neither %v nor %v", i, len(f.frames), service, now[service], one, other)
		}
	}
}

func holds(all, some []string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return true
}
