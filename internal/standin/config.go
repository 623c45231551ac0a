package standin

import (
	"fmt"
	"net/netip"
)

// Kind is what a stand-in plays.
type Kind string

// The kinds of stand-ins.
const (
	Database Kind = "database"
	HTTP     Kind = "http"
	HTTPS    Kind = "https"
	DNS      Kind = "dns"
)

// Place is one stand-in.
type Place struct {
	Kind Kind
	Addr netip.AddrPort
	// Name is what it answers with.
	Name string
	// For is the real thing that it stands for.
	For string
}

// String is what errors call it.
func (p Place) String() string { return fmt.Sprintf("%s (%s on %s)", p.Name, p.Kind, p.Addr) }

// Config says what stands where.
type Config struct {
	Places []Place
	// Zone is the file that the DNS stand-in answers from. It is read again
	// when it changes.
	Zone string
	// Certificate is the DNS name that the HTTPS stand-ins have one for.
	Certificate string
	// Network is where the addresses of Default and of the zone file move to.
	Network netip.Prefix
	// Log is told about the zone file's changes; nil means nobody is.
	Log func(line string)
}

// Home is the network that the examples are written for.
func Home() netip.Prefix { return netip.MustParsePrefix("127.10.0.0/16") }

// Default is what the examples need, moved to network. The zone is the file's
// path.
func Default(network netip.Prefix, zone string) (Config, error) {
	if network.Bits() != 16 || !network.Addr().Is4() || !network.Addr().IsLoopback() {
		return Config{}, fmt.Errorf("%s cannot hold the stand-ins, name a network such as 127.11.0.0/16", network)
	}
	c := Config{Zone: zone, Certificate: "httpbin.org", Network: network}
	for _, p := range []struct {
		kind            Kind
		addr, name, who string
	}{
		{DNS, "127.10.0.53:5300", "outside DNS", zone},
		{Database, "127.10.1.10:5432", "analytics-db (production)", "analytics-db.databases.company.com"},
		{Database, "127.10.1.11:5432", "analytics-db (test)", "analytics-db-test.databases.company.com"},
		{Database, "127.10.1.25:5432", "legacy-metrics-db (production, first)", "10.0.1.25"},
		{Database, "127.10.1.26:5432", "legacy-metrics-db (production, second)", "10.0.1.26"},
		{Database, "127.10.1.35:5432", "legacy-metrics-db (test)", "10.0.1.35"},
		{Database, "127.10.2.1:5432", "webscaler-db (primary)", "primary-db.example.com"},
		{Database, "127.10.2.2:5432", "webscaler-db (secondary)", "secondary-db.example.com"},
		{HTTP, "127.10.3.1:8080", "httpbin (first)", "httpbin.org"},
		{HTTP, "127.10.3.2:8080", "httpbin (second)", "httpbin.org"},
		{HTTPS, "127.10.3.1:8443", "httpbin (first)", "httpbin.org"},
		{HTTPS, "127.10.3.2:8443", "httpbin (second)", "httpbin.org"},
		{HTTP, "127.10.113.1:8080", "external-api (first)", "203.0.113.1"},
		{HTTP, "127.10.113.2:8080", "external-api (second)", "203.0.113.2"},
	} {
		at := netip.MustParseAddrPort(p.addr)
		at = netip.AddrPortFrom(move(at.Addr(), network), at.Port())
		c.Places = append(c.Places, Place{p.kind, at, p.name, p.who})
	}
	return c, nil
}

// move puts an address of Home into the network; others stay.
func move(a netip.Addr, network netip.Prefix) netip.Addr {
	if !network.IsValid() || !Home().Contains(a) {
		return a
	}
	from, to := a.As4(), network.Addr().As4()
	return netip.AddrFrom4([4]byte{to[0], to[1], from[2], from[3]})
}
