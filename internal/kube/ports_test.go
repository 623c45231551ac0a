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
		mine, ok := b.take(key, ports, time.Second)
		all := mine.all()
		if !ok || len(all) != 1 {
			t.Fatalf("%s has %v", key, all)
		}
		if by, taken := got[all[0].Port]; taken && by != key {
			t.Errorf("%s and %s have port %d", key, by, all[0].Port)
		}
		got[all[0].Port] = key
		if key == one && (all[0].Port != 20001 || len(mine.stood) != 1) {
			t.Errorf("%s has ports %+v, and had 20001", key, mine)
		}
		if key != one && (len(mine.fresh) != 1 || !mine.since.Equal(now)) {
			t.Errorf("%s has ports %+v, want one that is fresh", key, mine)
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
	gone, _ := b.take(first, ports, time.Second)
	b.release(first)
	seen := map[uint16]int{}
	for n := 1; n <= lastPort-firstPort+1; n++ {
		key, _ := serviceOf(n)
		mine, ok := b.take(key, ports, time.Second)
		all := mine.all()
		if !ok {
			t.Fatalf("there is no port for service %d", n)
		}
		seen[all[0].Port] = n
	}
	if n := seen[gone.all()[0].Port]; n != lastPort-firstPort+1 {
		t.Errorf("the port that was given back first is used again by service %d", n)
	}
	last, _ := serviceOf(-1)
	if _, ok := b.take(last, ports, time.Second); ok {
		t.Error("there are more ports than there are")
	}
	other, _ := serviceOf(5)
	b.release(other)
	if _, ok := b.take(last, ports, time.Second); !ok {
		t.Error("a port that was given back is not used")
	}
}

// TestAPortThatIsNew is fresh for a while; those that stood already are not.
func TestAPortThatIsNew(t *testing.T) {
	now := time.Unix(1000, 0)
	b := newPortBook(func() time.Time { return now })
	key, ports := serviceOf(1)
	b.take(key, ports, time.Second)
	now = now.Add(time.Second)
	ports = append(ports, model.Port{Name: "more", Protocol: model.TCP, Port: 81})
	for _, c := range []struct {
		after        time.Duration
		stood, fresh int
	}{{0, 1, 1}, {999 * time.Millisecond, 1, 1}, {time.Millisecond, 2, 0}} {
		now = now.Add(c.after)
		if got, _ := b.take(key, ports, time.Second); len(got.stood) != c.stood || len(got.fresh) != c.fresh {
			t.Errorf("after %s there are %+v, want %d that stood and %d fresh", c.after, got, c.stood, c.fresh)
		}
	}
}

// TestANewBook begins behind what stands: what was given back before is used as late as
// possible.
func TestANewBook(t *testing.T) {
	b := newPortBook(time.Now)
	one, ports := serviceOf(1)
	two, _ := serviceOf(2)
	b.recall(one, front(20007))
	three, _ := serviceOf(3)
	b.recall(three, front(29999))
	if got, _ := b.take(two, ports, time.Second); got.all()[0].Port != 20499 {
		t.Errorf("the next one is %d, want 20499, well behind the highest", got.all()[0].Port)
	}
}
