package convert

import corev1 "k8s.io/api/core/v1"

func (c *converter) namespace(r *report, n *corev1.Namespace) {
	if !r.unnamed {
		c.namespaces[n.Name] = struct{}{}
	}
}
