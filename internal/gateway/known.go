package gateway

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
	"fairlead.dev/internal/trouble"
)

// known is what a gateway knows of its services. It is used by one goroutine.
type known struct {
	cfg Config
	now func() time.Time
	// tell tells people what is wrong with a spec.
	tell func(trouble.Trouble)
	all  map[model.Key]*served
	// uids are those of the services, for whoever tells of them.
	uids sync.Map
}

// served is one service.
type served struct {
	// published is what the relay is told. It is replaced, never changed.
	published *model.Published
	// version and slices are those of the objects that it was made of.
	version string
	slices  []string
	// accepted is the service as it was last understood: what a broken edit leaves in
	// force.
	accepted *model.Service
	// meant are the targets of what was accepted, the newest last: endpoints of those
	// before may still stand.
	meant [][]model.Target
	// gone is since when nothing says any more that it is wanted; zero if something
	// does.
	gone time.Time
}

// uid is that of a service; empty for one that is not known.
func (k *known) uid(key model.Key) types.UID {
	id, _ := k.uids.Load(key)
	uid, _ := id.(types.UID)
	return uid
}

func newKnown(c Config, now func() time.Time) *known {
	return &known{cfg: c, now: now, all: map[model.Key]*served{}, tell: func(trouble.Trouble) {}}
}

// objects are those of one service.
type objects struct {
	service *v1alpha1.ExternalService
	slices  []*discoveryv1.EndpointSlice
}

// learn takes what stands in the cluster, and returns what the relay is to be told; nil
// if that is as before. Again is after how long to look again even if nothing changes;
// zero for never.
func (k *known) learn(services []v1alpha1.ExternalService, all []discoveryv1.EndpointSlice) (published []*model.Published, again time.Duration) {
	wanted := map[model.Key]*objects{}
	for i := range services {
		if s := &services[i]; s.Spec.Gateway != nil && s.DeletionTimestamp == nil {
			wanted[model.Key{Namespace: s.Namespace, Name: s.Name}] = &objects{service: s}
		}
	}
	for i := range all {
		s := &all[i]
		if o := wanted[ownerOf(s)]; o != nil && owns(o.service, s) {
			o.slices = append(o.slices, s)
		}
	}
	changed := len(k.all) == 0
	for key, o := range wanted {
		changed = k.update(key, o) || changed
	}
	for key, s := range k.all {
		if wanted[key] != nil {
			continue
		}
		if s.gone.IsZero() {
			s.gone = k.now()
		}
		left := linger - k.now().Sub(s.gone)
		if left <= 0 {
			delete(k.all, key)
			k.uids.Delete(key)
			changed = true
			continue
		}
		if again == 0 || left < again {
			again = left
		}
	}
	if !changed {
		return nil, again
	}
	return k.published(), again
}

// published is what the relay is told. A service that is gone gives way to one that has
// its port now.
func (k *known) published() []*model.Published {
	all, taken := []*model.Published{}, map[uint16]bool{}
	for _, s := range k.all {
		if s.published == nil || !s.gone.IsZero() {
			continue
		}
		all = append(all, s.published)
		for _, p := range s.published.Service.Ports {
			taken[p.Listen] = true
		}
	}
	for _, s := range k.all {
		if s.published == nil || s.gone.IsZero() {
			continue
		}
		if !slices.ContainsFunc(s.published.Service.Ports, func(p model.Port) bool { return taken[p.Listen] }) {
			all = append(all, s.published)
		}
	}
	return all
}

// ownerOf is the service that a slice stands for.
func ownerOf(s *discoveryv1.EndpointSlice) model.Key {
	switch s.Labels[v1alpha1.LabelGateway] {
	case v1alpha1.GatewayFront:
		return model.Key{Namespace: s.Namespace, Name: s.Labels[discoveryv1.LabelServiceName]}
	case v1alpha1.GatewayTargets:
		return model.Key{Namespace: s.Namespace, Name: s.Labels[v1alpha1.LabelService]}
	}
	return model.Key{}
}

// owns reports whether a slice is the service's own: somebody else's, by whatever
// labels, says nothing.
func owns(e *v1alpha1.ExternalService, s *discoveryv1.EndpointSlice) bool {
	owner := metav1.GetControllerOf(s)
	return owner != nil && owner.UID == e.UID
}

// update learns of one service, and returns whether it is another one than before.
func (k *known) update(key model.Key, o *objects) bool {
	s := k.all[key]
	if s == nil {
		s = &served{}
		k.all[key] = s
	}
	slices.SortFunc(o.slices, func(a, b *discoveryv1.EndpointSlice) int { return cmp.Compare(a.Name, b.Name) })
	var versions []string
	for _, sl := range o.slices {
		versions = append(versions, string(sl.UID)+"/"+sl.ResourceVersion)
	}
	// The status changes often, and says nothing here.
	version := fmt.Sprintf("%s/%d", o.service.UID, o.service.Generation)
	back := !s.gone.IsZero()
	s.gone = time.Time{}
	if s.version == version && slices.Equal(s.slices, versions) {
		return back
	}
	if s.version != version {
		s.version = version
		k.accept(s, o.service)
	}
	s.slices = versions
	if s.accepted == nil {
		return false
	}
	s.published = k.publish(s, o.slices)
	return true
}

// accept understands a spec; one that cannot be leaves what was understood last.
func (k *known) accept(s *served, e *v1alpha1.ExternalService) {
	key := model.Key{Namespace: e.Namespace, Name: e.Name}
	k.uids.Store(key, e.UID)
	out := convert.Convert(convert.Input{
		Objects: []convert.Object{{Value: e}}, ClusterDomain: k.cfg.Domain,
		// What is said of Services of the cluster is the controller's.
		InCluster: func(model.Key) (convert.InCluster, bool) { return convert.InCluster{}, false },
	})
	if len(out.Services) == 0 || out.Services[0].Gateway == nil {
		k.tell(trouble.Trouble{Key: key, Reason: ReasonNotUnderstood, Message: "the gateway does not understand the spec, and goes on with the last one that it understood: " + why(out)})
		return
	}
	svc := out.Services[0].Service
	svc.Origin = model.Origin{Kind: v1alpha1.Kind, Generation: e.Generation}
	s.accepted = &svc
	if n := len(s.meant); n == 0 || !reflect.DeepEqual(s.meant[n-1], svc.Targets) {
		s.meant = append(s.meant[max(0, n-maxMeant+1):], svc.Targets)
	}
}

// ReasonNotUnderstood is that of an Event about a spec that a gateway cannot carry out: it
// is wrong, or of a later version.
const ReasonNotUnderstood = "SpecNotUnderstood"

// why is the first mistake.
func why(out convert.Output) string {
	for _, p := range out.Problems {
		if p.Severity == model.Error {
			return p.Field + ": " + p.Message
		}
	}
	return "it has no gateway"
}

// publish is a service as the relay is to serve it: on the gateway's own addresses and
// ports, to the endpoints behind it.
func (k *known) publish(of *served, all []*discoveryv1.EndpointSlice) *model.Published {
	accepted := of.accepted
	p := &model.Published{Service: *accepted}
	listens := map[string]uint16{}
	pods := map[netip.Addr]bool{}
	for _, s := range all {
		if s.Labels[v1alpha1.LabelGateway] != v1alpha1.GatewayFront {
			continue
		}
		for _, port := range render.StandingPorts(s.Ports) {
			listens[port.Name+"/"+string(port.Protocol)] = port.Port
		}
		for _, e := range endpoints(s) {
			pods[e.Addr.Unmap()] = true
		}
	}
	old := false
	for _, s := range all {
		if s.Labels[v1alpha1.LabelGateway] == v1alpha1.GatewayFront {
			continue
		}
		for _, e := range endpoints(s) {
			since := of.since(&e)
			switch {
			case pods[e.Addr.Unmap()], k.forbids(e.Addr):
				// A gateway that sent clients to a gateway would send them in circles.
			case since < 0:
				k.tell(trouble.Trouble{Key: accepted.Key, Reason: ReasonNotMeant, Message: fmt.Sprintf(
					"EndpointSlice %s says that target %q is %s by the name %q, which the spec does not: it is sent nothing", s.Name, e.Target, e.Addr, e.Host)})
			default:
				old = old || since < len(of.meant)-1
				p.Decision.Endpoints = append(p.Decision.Endpoints, e)
			}
		}
	}
	if !old && len(p.Decision.Endpoints) > 0 {
		of.meant = of.meant[len(of.meant)-1:]
	}
	svc, g := &p.Service, *p.Service.Gateway
	g.Listeners, svc.Ports = nil, nil
	for i, port := range accepted.Ports {
		if port.Listen = listens[port.Name+"/"+string(port.Protocol)]; port.Listen == 0 {
			continue // the controller has not said where yet
		}
		l, _ := accepted.Listener(i)
		svc.Ports, g.Listeners = append(svc.Ports, port), append(g.Listeners, l)
	}
	svc.Gateway, svc.ClusterIPs = &g, k.cfg.Addresses
	return p
}

func (k *known) forbids(a netip.Addr) bool {
	return slices.ContainsFunc(k.cfg.Forbidden, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// ReasonNotMeant is that of an Event about an EndpointSlice that leads where the spec does
// not.
const ReasonNotMeant = "EndpointNotMeant"

// maxMeant is how many edits of targets are remembered whose endpoints may still stand.
const maxMeant = 8

// since is the newest of the specs that may lead to an endpoint, as an index of meant; -1
// if none does.
func (s *served) since(e *model.Endpoint) int {
	for i := len(s.meant) - 1; i >= 0; i-- {
		if meant(s.meant[i], e) {
			return i
		}
	}
	return -1
}

// meant reports whether targets may lead to an endpoint, by the name that it has for TLS
// and Host. Whoever else writes a slice cannot have another one trusted.
func meant(targets []model.Target, e *model.Endpoint) bool {
	i := slices.IndexFunc(targets, func(t model.Target) bool { return t.Name == e.Target })
	if i < 0 {
		return false
	}
	switch t := &targets[i]; {
	case t.Hostname != "":
		return e.Host == t.Hostname
	case len(t.Addresses) > 0:
		return e.Host == "" && slices.ContainsFunc(t.Addresses, func(a netip.Addr) bool { return a.Unmap() == e.Addr.Unmap() })
	}
	return true // by SRV, or a Service of the cluster: only the controller knows
}

// endpoints are those of a slice.
func endpoints(s *discoveryv1.EndpointSlice) []model.Endpoint {
	var all []model.Endpoint
	numbers := render.StandingPorts(s.Ports)
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		for _, text := range e.Addresses {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				continue
			}
			all = append(all, model.Endpoint{
				Addr: addr, Ports: numbers, Ready: e.Conditions.Ready == nil || *e.Conditions.Ready,
				Target: s.Annotations[v1alpha1.AnnotationTarget], Host: s.Annotations[v1alpha1.AnnotationHost],
			})
		}
	}
	return all
}
