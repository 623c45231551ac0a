package kube

import (
	"fmt"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/internal/model"
)

// front is a slice that says where a gateway listens for a service's port.
func front(port int32) *discoveryv1.EndpointSlice {
	name := ""
	return &discoveryv1.EndpointSlice{Ports: []discoveryv1.EndpointPort{{Name: &name, Port: &port}}}
}

func serviceOf(n int) (model.Key, []model.Port) {
	return model.Key{Namespace: "shop", Name: fmt.Sprint(n)}, []model.Port{{Protocol: model.TCP, Port: 80}}
}

// TestPortsAreOnesOwn: no two services have one port, each keeps its own, and what
// stands is remembered.
func TestPortsAreOnesOwn(t *testing.T) {
	now := time.Unix(1000, 0)
	b := newPortBook(func() time.Time { return now })
	one, ports := serviceOf(1)
	two, _ := serviceOf(2)
	three, _ := serviceOf(3)
	b.recall(one, front(20001))
	b.recall(two, front(20001)) // somebody's doing: the first has it
	b.recall(three, front(80))  // so is that
	got := map[uint16]model.Key{}
	for _, key := range []model.Key{one, two, three, one, two, three} {
		all, since, ok := b.take(key, ports)
		if !ok || len(all) != 1 {
			t.Fatalf("%s has %v", key, all)
		}
		if by, taken := got[all[0].Port]; taken && by != key {
			t.Errorf("%s and %s have port %d", key, by, all[0].Port)
		}
		got[all[0].Port] = key
		if key == one && (all[0].Port != 20001 || !since.IsZero()) {
			t.Errorf("%s has port %d since %s, and had 20001", key, all[0].Port, since)
		}
		if key != one && !since.Equal(now) {
			t.Errorf("the port of %s is new since %s", key, since)
		}
	}
	if len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

// TestPortsComeBackLate: a port that was given back is used again after all others, and
// when there is none, that is said.
func TestPortsComeBackLate(t *testing.T) {
	b := newPortBook(time.Now)
	first, ports := serviceOf(0)
	gone, _, _ := b.take(first, ports)
	b.release(first)
	seen := map[uint16]int{}
	for n := 1; n <= lastPort-firstPort+1; n++ {
		key, _ := serviceOf(n)
		all, _, ok := b.take(key, ports)
		if !ok {
			t.Fatalf("there is no port for service %d", n)
		}
		seen[all[0].Port] = n
	}
	if n := seen[gone[0].Port]; n != lastPort-firstPort+1 {
		t.Errorf("the port that was given back first is used again by service %d", n)
	}
	last, _ := serviceOf(-1)
	if _, _, ok := b.take(last, ports); ok {
		t.Error("there are more ports than there are")
	}
	other, _ := serviceOf(5)
	b.release(other)
	if _, _, ok := b.take(last, ports); !ok {
		t.Error("a port that was given back is not used")
	}
}
