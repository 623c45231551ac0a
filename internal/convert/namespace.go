package convert

import corev1 "k8s.io/api/core/v1"

func (c *converter) namespace(_ *report, n *corev1.Namespace) {
	c.namespaces[n.Name] = struct{}{}
}
