// Package gateway runs Fairlead with its gateway on a real Kubernetes node, as the chart
// installs it, with real servers outside: nginx with certificates of an authority of its
// own, and PostgreSQL that takes nobody without TLS. Real clients in a Pod, and load
// through virtual IPs, judge it.
package gateway
