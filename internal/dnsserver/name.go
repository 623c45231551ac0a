package dnsserver

import "strings"

// parts are the labels of a name in the cluster domain:
//
//	service.namespace.svc
//	endpoint.service.namespace.svc
//	port.protocol.service.namespace.svc
//
// Missing labels are empty. An empty port or protocol matches every one. A name
// with more labels has dots in its port, and so no port of any service.
type parts struct {
	port, protocol, endpoint string
	service, namespace       string
}

// parse takes a name apart that stands below its zone without the dot between
// them. ok is false for names that no service can have. The labels of port and
// protocol lose the underscore that they should have and need not.
func parse(base string) (p parts, ok bool) {
	if strings.Contains(base, `\`) {
		return p, false
	}
	base, kind := cutLast(base)
	if kind != "svc" {
		return p, false
	}
	base, p.namespace = cutLast(base)
	base, p.service = cutLast(base)
	if base == "" {
		return p, true
	}
	base, p.endpoint = cutLast(base)
	if base == "" {
		return p, true
	}
	p.protocol, p.endpoint = strings.TrimPrefix(p.endpoint, "_"), ""
	p.port = strings.TrimPrefix(base, "_")
	return p, true
}

// cutLast cuts the last label off.
func cutLast(s string) (before, label string) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}
