package dnsserver

import (
	"strings"

	"fairlead.dev/internal/model"
)

// maxLabel is the room that any address takes as a label: eight groups of an
// IPv6 address, or an IPv4 address mapped into one.
const maxLabel = 64

// label is an endpoint's own name below its service: its hostname, or else its
// address with dashes. It reuses buf.
func label(buf []byte, e *model.Endpoint) []byte {
	if e.Hostname != "" {
		return append(buf, e.Hostname...)
	}
	buf = e.Addr.Unmap().WithZone("").AppendTo(buf)
	for i, c := range buf {
		if c == '.' || c == ':' {
			buf[i] = '-'
		}
	}
	// A label may not end with a dash: 2001:db8:: is 2001-db8--0.
	if len(buf) > 0 && buf[len(buf)-1] == '-' {
		buf = append(buf, '0')
	}
	return buf
}

// hasLabel reports whether a lower-case label is the endpoint's.
func hasLabel(e *model.Endpoint, want string) bool {
	if e.Hostname != "" {
		return strings.EqualFold(e.Hostname, want)
	}
	var buf [maxLabel]byte
	return string(label(buf[:0], e)) == want
}

// hostName is an endpoint's full name in a zone.
func hostName(s *model.Published, e *model.Endpoint, zone string) string {
	var buf [maxLabel]byte
	return string(label(buf[:0], e)) + "." + serviceName(s, zone)
}

// serviceName is a service's full name in a zone.
func serviceName(s *model.Published, zone string) string {
	return s.Service.Key.Name + "." + s.Service.Key.Namespace + ".svc." + zone
}
