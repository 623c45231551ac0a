//go:build linux

package expectations

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// slices are the EndpointSlices of a Service.
func (w *world) slices(ctx context.Context, service string) ([]discoveryv1.EndpointSlice, error) {
	out, err := w.try(ctx, "get", "endpointslices", "-o", "json", "-l", discoveryv1.LabelServiceName+"="+service)
	if err != nil {
		return nil, err
	}
	var list discoveryv1.EndpointSliceList
	return list.Items, json.Unmarshal([]byte(out), &list)
}

// publishes waits until the slices of a Service, all of them Fairlead's, hold
// these endpoints, each with the ports of its slice:
// "10.0.1.25 http=8080/TCP dns=5300/UDP".
func (w *world) publishes(service string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	w.eventually(func(ctx context.Context) error {
		all, err := w.slices(ctx, service)
		if err != nil {
			return err
		}
		var got []string
		for i := range all {
			if by := all[i].Labels[discoveryv1.LabelManagedBy]; by != "fairlead.dev" {
				return fmt.Errorf("EndpointSlice %s is managed by %q", all[i].Name, by)
			}
			got = append(got, endpoints(&all[i])...)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("the slices of %s hold %q, want %q", service, got, want)
		}
		return nil
	})
}

func endpoints(s *discoveryv1.EndpointSlice) []string {
	var ports strings.Builder
	for _, p := range s.Ports {
		fmt.Fprintf(&ports, " %s=%d/%s", *p.Name, *p.Port, *p.Protocol)
	}
	var all []string
	for _, e := range s.Endpoints {
		all = append(all, strings.Join(e.Addresses, ",")+ports.String())
	}
	return all
}

// service is the Service as it stands.
func (w *world) service(ctx context.Context, name string) (*corev1.Service, error) {
	out, err := w.try(ctx, "get", "service", name, "-o", "json")
	if err != nil {
		return nil, err
	}
	s := new(corev1.Service)
	return s, json.Unmarshal([]byte(out), s)
}

// gone waits until neither the Service nor a slice of it is left.
func (w *world) gone(service string) {
	w.t.Helper()
	w.eventually(func(ctx context.Context) error {
		out, err := w.try(ctx, "get", "service", service, "--ignore-not-found", "-o", "name")
		if err != nil {
			return err
		}
		left, err := w.slices(ctx, service)
		if err == nil && (out != "" || len(left) > 0) {
			err = fmt.Errorf("of Service %s there is left: %s and %d slices", service, out, len(left))
		}
		return err
	})
}

// remove deletes an ExternalService and nothing else.
func (w *world) remove(name string) {
	w.t.Helper()
	w.kubectl("delete", "externalservice", name)
}

// keeps fails the test if the Service has another virtual IP than it had.
func (w *world) keeps(service, ip string) {
	w.t.Helper()
	if now := w.clusterIP(service); now != ip {
		w.t.Errorf("the virtual IP of %s was %s and is %s: clients that know it are lost", service, ip, now)
	}
}
