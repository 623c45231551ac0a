package dnsserver

import (
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// The reverse zones (RFC 1035 section 3.5, RFC 3596 section 2.5). Names in them
// that the snapshot does not know belong to the outside DNS.
const (
	reverse4 = "in-addr.arpa."
	reverse6 = "ip6.arpa."
)

// DefaultTTL is the time to live of the cluster's records, in seconds. It is
// CoreDNS's default too.
const DefaultTTL = 5

// Options are what the records of a zone need beside the snapshot.
type Options struct {
	// TTL of the cluster's records, in seconds. Zero means [DefaultTTL].
	TTL uint32
	// Self are the addresses of this name server. The zone's NS records name
	// them; without any, the zone has no NS records.
	Self []netip.Addr
}

// View is a snapshot made ready for questions. It is immutable and safe for
// concurrent use.
type View struct {
	snapshot *model.Snapshot
	ttl      uint32
	// zone is the cluster domain, lower case, with its trailing dot.
	zone  string
	index func() *index
}

// NewView prepares a snapshot for [Answer]. That costs nothing until a
// question needs an index. A view of a nil snapshot answers SERVFAIL.
func NewView(s *model.Snapshot, o Options) *View {
	v := &View{snapshot: s, ttl: o.TTL}
	if v.ttl == 0 {
		v.ttl = DefaultTTL
	}
	if s == nil {
		return v
	}
	v.zone = dns.Fqdn(lower(s.Domain))
	v.index = sync.OnceValue(func() *index { return newIndex(s, v.zone, o.Self) })
	return v
}

// match returns the zone that holds a lower-case name, or "" for names that
// are not the cluster's.
func (v *View) match(name string) string {
	for _, zone := range [...]string{v.zone, reverse4, reverse6} {
		if within(name, zone) {
			return zone
		}
	}
	return ""
}

// within reports whether a name is zone or a name below it. Both are lower
// case and end with a dot.
func within(name, zone string) bool {
	if zone == "" || !strings.HasSuffix(name, zone) {
		return false
	}
	rest := name[:len(name)-len(zone)]
	if rest == "" {
		return true
	}
	if rest[len(rest)-1] != '.' {
		return false
	}
	// A dot after a backslash belongs to its label.
	return !strings.Contains(rest, `\`) || dns.IsSubDomain(zone, name)
}

// lower maps A to Z only: DNS compares octets, not Unicode (RFC 4343).
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			return lowerFrom(s, i)
		}
	}
	return s
}

func lowerFrom(s string, from int) string {
	b := []byte(s)
	for i := from; i < len(b); i++ {
		if c := b[i]; 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
