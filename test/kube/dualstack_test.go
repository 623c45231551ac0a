//go:build linux

package kube

import (
	"fmt"
	"net/netip"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestDualStack: a Service has a virtual IP of each family whatever its
// endpoints are, and a slice has endpoints of one.
func TestDualStack(t *testing.T) {
	w, _ := start(t)
	w.apply(fixed("db", "10.0.1.25"))
	w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
	ips := w.service("db").Spec.ClusterIPs
	if len(ips) != 2 || !netip.MustParseAddr(ips[0]).Is4() || !netip.MustParseAddr(ips[1]).Is6() {
		t.Fatalf("its ClusterIPs are %v", ips)
	}
	for _, tt := range []struct {
		name      string
		addresses []string
		want      string
	}{
		{"IPv4", []string{"10.0.1.25"}, "IPv4 [10.0.1.25]"},
		{"both", []string{"10.0.1.25", "fd00::25", "10.0.1.26"}, "IPv4 [10.0.1.25 10.0.1.26] IPv6 [fd00::25]"},
		{"IPv6", []string{"fd00::25", "fd00::26"}, "IPv6 [fd00::25 fd00::26]"},
		{"IPv4 again", []string{"10.0.1.26"}, "IPv4 [10.0.1.26]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			w.patch("db", readdress(tt.addresses...))
			w.eventually("the slices", func() string {
				if got := families(w.slices("db")); got != tt.want {
					return got
				}
				return ""
			})
			w.says("db", "Programmed", metav1.ConditionTrue, "Programmed")
			wants(t, fmt.Sprint(w.service("db").Spec.ClusterIPs), fmt.Sprint(ips))
		})
	}
}

// families are the addresses of the slices, by name, that have any.
func families(all []discoveryv1.EndpointSlice) string {
	text := ""
	for _, s := range all {
		var addresses []string
		for _, e := range s.Endpoints {
			addresses = append(addresses, e.Addresses...)
		}
		text += fmt.Sprintf(" %s %v", s.AddressType, addresses)
	}
	if text == "" {
		return "none"
	}
	return text[1:]
}
