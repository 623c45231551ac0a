//go:build linux

package expectations

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// Services "should implement service.kubernetes.io/service-proxy-name": a label
// that a person puts on the Service, by which kube-proxy leaves it to another
// proxy. Fairlead leaves it there.
func TestServiceProxyName(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.site("10.0.1.26").web(8080)
	w.at("web", "10.0.1.25")
	w.tcp("web", 80, "10.0.1.25:8080")
	ip := w.clusterIP("web")

	w.kubectl("label", "service", "web", "service.kubernetes.io/service-proxy-name=another")
	w.finds("unanswered", "TCP", ip, 80)
	w.at("web", "10.0.1.25", "10.0.1.26")
	w.publishes("web", "10.0.1.25 http=8080/TCP", "10.0.1.26 http=8080/TCP")
	w.finds("unanswered", "TCP", ip, 80)

	w.kubectl("label", "service", "web", "service.kubernetes.io/service-proxy-name-")
	w.tcp("web", 80, "10.0.1.25:8080", "10.0.1.26:8080")
}

// Services "should implement service.kubernetes.io/headless": kube-proxy leaves
// slices alone that carry it. Those of a headless service do; on others it is
// drift, which is undone.
func TestHeadlessLabel(t *testing.T) {
	w := newWorld(t)
	w.site("10.0.1.25").web(8080)
	w.external("headless", `{type: Headless, targets: [{name: only, addresses: [10.0.1.25]}]}`)
	w.at("web", "10.0.1.25")
	w.tcp("web", 80, "10.0.1.25:8080")
	w.labelled("headless", true)
	w.labelled("web", false)

	w.kubectl("label", "endpointslices", "-l", "kubernetes.io/service-name=web", corev1.IsHeadlessService+"=")
	w.labelled("web", false)
	w.tcp("web", 80, "10.0.1.25:8080")
}

// labelled waits until the slices of a service carry the label of headless
// ones, or do not.
func (w *world) labelled(service string, want bool) {
	w.t.Helper()
	w.eventually(func(ctx context.Context) error {
		all, err := w.slices(ctx, service)
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("%s has no slices", service)
		}
		for i := range all {
			if _, got := all[i].Labels[corev1.IsHeadlessService]; got != want {
				err = fmt.Errorf("whether slice %s carries %s: %v, want %v", all[i].Name, corev1.IsHeadlessService, got, want)
			}
		}
		return err
	})
}
