//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/test/cluster"
)

const (
	// sharedNames are the names of half of the services; the others have one each.
	sharedNames = 10
	// restTTL is that of all records, in seconds.
	restTTL = 30
	// floorServices is how many a client makes by hand, before and after.
	floorServices = 500
	// awayEdits are made while no controller runs.
	awayEdits = 20
)

const coldAbout = `%s ExternalServices stand in a real API server (control tier; nothing else writes to it) before the controller is started. Each has one target, an outside name with two addresses and a TTL of %d s: half of them are of type ClusterIP and share %d names, the others are Headless and have one each, %s names in all. The cold start is from the start of the process until every ExternalService says that it is ready: for each a Service, an EndpointSlice, a status and an Event. By hand is the platform's floor: a client makes the same four for %d others, with %d requests under way as the controller has, once before and once after; the figure is the mean of the two for as many services. The API server goes through the IPAddresses of all Services whenever it gives one out (kube-apiserver 1.36, half of its CPU here by its profile), so that the last Service costs it more than the first, and cold start is mostly the wait for that. The IPAddresses, which it writes to itself, are not counted.`

const restAbout = `Then the process is told to end, %d ExternalServices are edited, and it is started again: until the last of these slices is right, and what was written that was right before. At rest is %s without any change: memory (RSS) at its end, CPU, what the API server's own metrics count (leases apart, which are renewed every 2 s by each replica that leads; reads are the watches that are renewed), and the questions that the outside DNS server got, which are to be one for each name, type and TTL, however many services share the name. Nothing is probed here.`

func measureCold(ctx context.Context, b *bench, s *section) error {
	n := b.size.kube.many
	s.peer = byHand
	s.about = []string{
		fmt.Sprintf(coldAbout, thousands(n), restTTL, sharedNames, thousands(n/2+sharedNames), floorServices, kubeWriters),
		fmt.Sprintf(restAbout, awayEdits, b.size.kube.rest),
	}
	k, err := b.runKube(ctx, cluster.Options{})
	if err != nil {
		return err
	}
	o, err := b.runOutside()
	if err != nil {
		return err
	}
	before, err := k.byHand(ctx)
	if err != nil {
		return err
	}
	b.progress("cold: creating %d ExternalServices", n)
	began := time.Now()
	if err := k.makeNamed(ctx, o, n); err != nil {
		return err
	}
	b.progress("cold: created in %s", time.Since(began).Round(time.Millisecond))
	c, err := k.coldStart(ctx, o, n, s)
	if err != nil {
		return err
	}
	pause(ctx, 5*time.Second) // Events that are still on their way
	if err := c.stop(); err != nil {
		return err
	}
	after, err := k.byHand(ctx)
	if err != nil {
		return err
	}
	b.progress("cold: by hand %s for each before, %s after", seconds.format(before.took), seconds.format(after.took))
	s.rows[0].peer = []float64{float64(n) * (before.took + after.took) / 2}
	s.rows[1].peer = []float64{float64(n) * (before.apiCPU + after.apiCPU) / 2}
	if c, err = k.restart(ctx, o, s); err != nil {
		return err
	}
	return k.atRest(ctx, o, c, n, s)
}

// handwork is what one service takes that is published by hand, in seconds.
type handwork struct{ took, apiCPU float64 }

// byHand makes what Fairlead makes of ExternalServices, while no controller runs.
// It leaves nothing.
func (k *kube) byHand(ctx context.Context) (handwork, error) {
	name := func(i int) string { return fmt.Sprintf("by-hand-%03d", i) }
	err := inParallel(ctx, floorServices, func(ctx context.Context, i int) error {
		return k.client.Create(ctx, external(name(i), v1alpha1.Target{Addresses: besideAddresses(i)}))
	})
	if err != nil {
		return handwork{}, err
	}
	before, err := k.requests(ctx)
	if err != nil {
		return handwork{}, err
	}
	began := time.Now()
	err = inParallel(ctx, floorServices, func(ctx context.Context, i int) error {
		return k.publishByHand(ctx, name(i), coldType(i), besideAddresses(i))
	})
	if err != nil {
		return handwork{}, err
	}
	took := time.Since(began).Seconds() / floorServices
	after, err := k.requests(ctx)
	if err != nil {
		return handwork{}, err
	}
	return handwork{took, (after.cpu - before.cpu) / floorServices}, inParallel(ctx, floorServices, func(ctx context.Context, i int) error {
		for _, o := range []client.Object{
			&v1alpha1.ExternalService{ObjectMeta: named(name(i))}, plainSlice(name(i)), plainService(name(i)),
		} {
			if err := k.client.Delete(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// publishByHand makes a Service, its slice, the status of an ExternalService and
// an Event.
func (k *kube) publishByHand(ctx context.Context, name string, t v1alpha1.ServiceType, addrs []string) error {
	svc := plainService(name)
	if t == v1alpha1.ServiceTypeHeadless {
		svc.Spec.ClusterIP = corev1.ClusterIPNone
	}
	if err := k.client.Create(ctx, svc); err != nil {
		return err
	}
	if err := k.client.Create(ctx, plainSlice(name, addrs...)); err != nil {
		return err
	}
	var conditions []string
	for _, c := range []string{"Accepted", "Resolved", "Programmed", "Ready"} {
		conditions = append(conditions, fmt.Sprintf(`{"type": %q, "status": "True", "reason": %q, "message": "its Service and EndpointSlices stand as decided", "lastTransitionTime": "2026-01-01T00:00:00Z"}`, c, c))
	}
	status := fmt.Appendf(nil, `{"status": {"endpoints": "2/2", "conditions": [%s]}}`, strings.Join(conditions, ", "))
	e := &v1alpha1.ExternalService{ObjectMeta: named(name)}
	if err := k.client.Status().Patch(ctx, e, client.RawPatch(types.MergePatchType, status)); err != nil {
		return err
	}
	return k.client.Create(ctx, &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: kubeNamespace, GenerateName: name + "-"}, EventTime: metav1.NowMicro(), Type: corev1.EventTypeNormal,
		Reason: "Ready", Action: "Publish", Note: "made by hand", ReportingController: "bench", ReportingInstance: "bench",
		Regarding: corev1.ObjectReference{Kind: v1alpha1.Kind, Namespace: kubeNamespace, Name: name, APIVersion: v1alpha1.GroupVersion().String()},
	})
}

// coldType is Headless for every second one, of those that have their own names.
func coldType(i int) v1alpha1.ServiceType {
	if i%2 == 0 {
		return v1alpha1.ServiceTypeClusterIP
	}
	return v1alpha1.ServiceTypeHeadless
}

// makeNamed creates n ExternalServices that follow outside names.
func (k *kube) makeNamed(ctx context.Context, o *outside, n int) error {
	return inParallel(ctx, n, func(ctx context.Context, i int) error {
		host := fmt.Sprintf("own-%05d.%s", i, outsideZone)
		if i%2 == 0 {
			host = fmt.Sprintf("shared-%d.%s", i/2%sharedNames, outsideZone)
		}
		var addrs []netip.Addr
		for _, a := range besideAddresses(i) {
			addrs = append(addrs, netip.MustParseAddr(a))
		}
		o.setAll(host, addrs, restTTL)
		e := external(besideName(i), v1alpha1.Target{Hostname: host})
		e.Spec.Type = coldType(i)
		return k.client.Create(ctx, e)
	})
}

// coldStart starts a controller and waits until n services are ready.
func (k *kube) coldStart(ctx context.Context, o *outside, n int, s *section) (*controller, error) {
	events, err := k.client.Watch(ctx, &v1alpha1.ExternalServiceList{}, client.InNamespace(kubeNamespace))
	if err != nil {
		return nil, err
	}
	defer events.Stop()
	before, err := k.requests(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	c, err := k.runController(ctx, o.at.String())
	if err != nil {
		return nil, err
	}
	ready := map[string]struct{}{}
	limit, tick := time.After(5*time.Minute), time.NewTicker(10*time.Second)
	defer tick.Stop()
	for len(ready) < n {
		select {
		case e := <-events.ResultChan():
			x, is := e.Object.(*v1alpha1.ExternalService)
			if !is || e.Type == apiwatch.Error {
				return nil, fmt.Errorf("the watch on ExternalServices has ended: %v", e)
			}
			if isReady(x) {
				ready[x.Name] = struct{}{}
			}
		case <-tick.C:
			k.progress("cold: %d of %d ready", len(ready), n)
		case <-limit:
			return nil, fmt.Errorf("%d of %d ExternalServices are ready after 5 minutes", len(ready), n)
		case <-c.done:
			return nil, c.alive()
		}
	}
	took, cpu := time.Since(began).Seconds(), c.cpu().Seconds()
	memory, err := c.memory()
	if err != nil {
		return nil, err
	}
	after, err := k.requests(ctx)
	if err != nil {
		return nil, err
	}
	did := after.since(before)
	k.progress("cold: ready after %s, %s of CPU, %s; %v", seconds.format(took), seconds.format(cpu), mebibytes.format(memory), did.by)
	s.add(row{id: "cold-took", what: fmt.Sprintf("Start to all ready, %s services", thousands(n)), unit: seconds, ours: []float64{took}})
	s.add(row{id: "cold-api-cpu", what: "CPU that the API server takes for it", unit: seconds, ours: []float64{after.cpu - before.cpu}})
	s.add(row{id: "cold-cpu", what: "CPU of the controller", unit: seconds, ours: []float64{cpu}})
	s.add(row{id: "cold-writes", what: "API writes of it, for each service", unit: counts, ours: []float64{(did.sum(false, writeVerbs()...) - did.of("ipaddresses")) / float64(n)}, peer: []float64{4}})
	s.add(row{id: "cold-memory", what: "Memory after it", unit: mebibytes, ours: []float64{memory}})
	return c, k.checkSlices(ctx, n)
}

// checkSlices counts the endpoints.
func (k *kube) checkSlices(ctx context.Context, n int) error {
	var list discoveryv1.EndpointSliceList
	if err := k.client.List(ctx, &list, client.InNamespace(kubeNamespace)); err != nil {
		return err
	}
	endpoints := 0
	for i := range list.Items {
		endpoints += len(addressesOf(&list.Items[i]))
	}
	if len(list.Items) != n || endpoints != 2*n {
		return fmt.Errorf("there are %d EndpointSlices with %d endpoints, and should be %d with %d", len(list.Items), endpoints, n, 2*n)
	}
	return nil
}
