//go:build linux

package kube

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/test/cluster"
	"fairlead.dev/test/controller"
	"fairlead.dev/test/lab"
)

// outside is a cluster with a DNS outside that can be told to fail.
type outside struct {
	*cluster.Cluster
	dns *lab.FaultyDNS
}

// TestOutsideDNS: names are followed, and what is published outlives the DNS.
func TestOutsideDNS(t *testing.T) {
	c := cluster.Start(t, cluster.Options{Node: true})
	o := outside{c, c.OutsideDNS()}
	t.Run("names", o.names)
	for _, outage := range []struct {
		name   string
		fault  lab.Faults
		reason string
	}{
		{"silence", lab.Faults{Quiet: true}, "LookupFailed"},
		{"SERVFAIL", lab.Faults{Rcode: lab.RcodeServfail}, "LookupFailed"},
		{"NXDOMAIN", lab.Faults{Rcode: rcodeNXDomain}, "Missing"},
	} {
		t.Run(outage.name, func(t *testing.T) { o.restart(t, outage.fault, outage.reason) })
	}
}

const rcodeNXDomain = 3

func (o outside) start(t *testing.T) *controller.Controller {
	t.Helper()
	return program.Start(t, o.Cluster, "--upstream", "10.0.1.53", "--forbid-cidr", "10.66.0.0/16")
}

// set replaces the IPv4 addresses of a name outside.
func (o outside) set(t *testing.T, name string, ttl int, addresses ...string) {
	t.Helper()
	var records []string
	for _, a := range addresses {
		records = append(records, fmt.Sprintf("%s %d A %s", name, ttl, a))
	}
	if err := o.dns.Set(records...); err != nil {
		t.Fatal(err)
	}
}

// names is what a DNS that works is good for.
func (o outside) names(t *testing.T) {
	o.start(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, *world)
	}{
		{"a record is followed", o.followed},
		{"one query for all", o.oneQuery},
		{"forbidden addresses", o.forbidden},
		{"an edit leaves no gap", o.edit},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, newWorld(t, o.Cluster)) })
	}
}

func (o outside) followed(t *testing.T, w *world) {
	o.set(t, "followed.example.com.", 1, "10.0.1.25", "10.0.1.26")
	w.apply(named("db", "followed.example.com"))
	w.publishes("db", "10.0.1.25:5432", "10.0.1.26:5432")
	w.says("db", "Resolved", metav1.ConditionTrue, "Resolved")
	o.set(t, "followed.example.com.", 1, "10.0.1.27")
	w.publishes("db", "10.0.1.27:5432")
}

func (o outside) oneQuery(t *testing.T, w *world) {
	o.set(t, "shared.example.com.", 300, "10.0.1.25")
	for n := range 5 {
		w.apply(named(fmt.Sprintf("db-%d", n), "shared.example.com"))
	}
	for n := range 5 {
		w.publishes(fmt.Sprintf("db-%d", n), "10.0.1.25:5432")
	}
	if n := o.dns.Queries("shared.example.com", "A"); n != 1 {
		t.Errorf("five services of one name cost %d queries", n)
	}
}

func (o outside) forbidden(t *testing.T, w *world) {
	w.apply(named("db", "mixed.example.com"))
	good := []string{"10.0.1.25", "10.0.1.26"}
	// A message names three.
	for _, bad := range [][]string{
		{"127.0.0.1", "169.254.169.254", "224.0.0.1"},
		{"0.0.0.0", "10.96.0.77", "10.66.1.1"},
	} {
		o.set(t, "mixed.example.com.", 1, append(bad, good...)...)
		w.publishes("db", "10.0.1.25:5432", "10.0.1.26:5432")
		message := w.says("db", "Resolved", metav1.ConditionFalse, "AddressForbidden")
		for _, a := range bad {
			if !strings.Contains(message, a+" is left out: ") {
				t.Errorf("it does not say why %s is left out: %s", a, message)
			}
		}
		w.event("db", "AddressForbidden", message)
		w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
		w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
		o.set(t, "mixed.example.com.", 1, "10.0.1.25")
		w.publishes("db", "10.0.1.25:5432")
		w.says("db", "Resolved", metav1.ConditionTrue, "Resolved")
	}
}

func (o outside) edit(t *testing.T, w *world) {
	before, after := []string{"10.0.1.25", "10.0.1.26"}, []string{"10.0.1.27", "10.0.1.28"}
	o.set(t, "before.example.com.", 1, before...)
	o.set(t, "after.example.com.", 1, after...)
	w.apply(named("db", "before.example.com"))
	w.publishes("db", "10.0.1.25:5432", "10.0.1.26:5432")
	film := w.film()
	w.patch("db", `{"spec": {"targets": [{"name": "db", "hostname": "after.example.com"}]}}`)
	w.publishes("db", "10.0.1.27:5432", "10.0.1.28:5432")
	film.noGap("db", before, after)

	w.patch("db", `{"spec": {"targets": [{"name": "db", "hostname": "affter.example.com"}]}}`)
	message := w.says("db", "Resolved", metav1.ConditionFalse, "Missing")
	if !strings.Contains(message, "affter.example.com") {
		t.Errorf("it does not say which name: %s", message)
	}
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	w.patch("db", `{"spec": {"targets": [{"name": "db", "hostname": "after.example.com"}]}}`)
	w.says("db", "Resolved", metav1.ConditionTrue, "Resolved")
	film.noGap("db", before, after)
}

// restart kills the controller while the DNS is out of order.
func (o outside) restart(t *testing.T, fault lab.Faults, reason string) {
	ctl := o.start(t)
	w := newWorld(t, o.Cluster)
	o.set(t, "restart.example.com.", 1, "10.0.1.25", "10.0.1.26")
	w.apply(named("db", "restart.example.com"))
	w.publishes("db", "10.0.1.25:5432", "10.0.1.26:5432")
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	w.says("db", "Ready", metav1.ConditionTrue, "EndpointsReady")
	before, status := w.versions("db"), w.external("db").Status

	o.dns.Fault(fault)
	t.Cleanup(func() { o.dns.Fault(lab.Faults{}) })
	ctl.Kill()
	o.start(t)
	w.says("db", "Resolved", metav1.ConditionFalse, reason)
	w.apply(named("new", "restart.example.com"))
	w.settle()
	wants(t, w.versions("db"), before)
	if err := sameButResolved(status.Conditions, w.external("db").Status.Conditions); err != nil {
		t.Error(err)
	}
	if now := w.external("db").Status; !equality.Semantic.DeepEqual(now.Active, status.Active) || now.Endpoints != status.Endpoints {
		t.Errorf("the status says %+v %s instead of %+v %s", now.Active, now.Endpoints, status.Active, status.Endpoints)
	}

	o.dns.Fault(lab.Faults{})
	w.says("db", "Resolved", metav1.ConditionTrue, "Resolved")
	w.publishes("new", "10.0.1.25:5432", "10.0.1.26:5432")
	wants(t, w.versions("db"), before)
	o.set(t, "restart.example.com.", 1, "10.0.1.27")
	w.publishes("db", "10.0.1.27:5432")
}

// sameButResolved compares conditions without the one that tells of the outage.
func sameButResolved(before, after []metav1.Condition) error {
	var errs []error
	for _, c := range before {
		now := meta.FindStatusCondition(after, c.Type)
		if c.Type != "Resolved" && !equality.Semantic.DeepEqual(&c, now) {
			errs = append(errs, fmt.Errorf("%+v has become %+v", c, now))
		}
	}
	return errors.Join(errs...)
}
