//go:build linux

package differential

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

const zone = "cluster.local."

// questions collects what to ask, each thing once.
type questions struct {
	list []*probe
	seen map[string]bool
	rand *rand.Rand
}

// everyType are the types that are asked of the names in the checked-in
// manifests; generated ones are asked for usualTypes.
func everyType() []uint16 {
	return []uint16{
		dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeCNAME, dns.TypeTXT, dns.TypePTR, dns.TypeNS, dns.TypeSOA,
		dns.TypeMX, dns.TypeANY, dns.TypeHTTPS, dns.TypeSVCB, dns.TypeCAA, dns.TypeDS, dns.TypeNAPTR, 65280,
	}
}

func usualTypes() []uint16 {
	return []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeCNAME, dns.TypeTXT, dns.TypeANY}
}

// questionsAbout returns the questions that these objects suggest, and those
// about the zone itself.
func questionsAbout(t *testing.T, seed uint64, objects []object) []*probe {
	t.Helper()
	q := &questions{seen: map[string]bool{}, rand: rand.New(rand.NewPCG(seed, 1))}
	endpoints := map[[2]string][]endpoint{}
	for i := range objects {
		key := objects[i].service()
		endpoints[key] = append(endpoints[key], objects[i].endpoints(t)...)
	}
	for i := range objects {
		switch o := &objects[i]; o.Kind {
		case "Namespace":
			q.namespace(o.Metadata.Name)
		case "Service":
			q.service(o, endpoints[o.service()])
		default:
			q.addresses(o.endpoints(t))
		}
	}
	q.zone()
	q.reverse()
	q.outside()
	q.assembled(objects)
	return q.list
}

// ask adds a question for each type. A name made of names may have become too
// long to be sent; those are asked in raw messages.
func (q *questions) ask(about, name string, types ...uint16) {
	if _, ok := dns.IsDomainName(name); !ok {
		return
	}
	for _, qtype := range types {
		m := new(dns.Msg).SetQuestion(name, qtype)
		m.Id = uint16(len(q.list))
		q.add(probeOf(about, m, false))
	}
}

// add adds a probe unless it stands already, whatever it is about.
func (q *questions) add(p *probe) {
	key := fmt.Sprint(p.tcp, string(p.wire[2:]))
	if !q.seen[key] {
		q.seen[key] = true
		q.list = append(q.list, p)
	}
}

// probeOf panics on a message that cannot be packed: then the test is wrong.
func probeOf(about string, m *dns.Msg, tcp bool) *probe {
	wire, err := m.Pack()
	if err != nil {
		panic(fmt.Sprintf("%s: %v: %v", about, err, m))
	}
	return &probe{about: about, wire: wire, tcp: tcp, query: m.Copy()}
}

func (q *questions) namespace(name string) {
	types := typesFor(name)
	q.ask("namespace", name+".svc."+zone, types...)
	q.ask("namespace of Pods", name+".pod."+zone, dns.TypeA, dns.TypeTXT)
	q.ask("Pod by its address", "10-1-2-3."+name+".pod."+zone, dns.TypeA, dns.TypeAAAA)
	q.ask("Pod by its address", "fd00--1."+name+".pod."+zone, dns.TypeA, dns.TypeAAAA)
	q.ask("Pod that is none", "web-0."+name+".pod."+zone, dns.TypeA)
	q.ask("namespace without svc", name+"."+zone, dns.TypeA)
	q.ask("missing service", "no-such-service."+name+".svc."+zone, types...)
	q.ask("missing service's port", "_http._tcp.no-such-service."+name+".svc."+zone, dns.TypeSRV, dns.TypeA)
	q.ask("wildcard", "*."+name+".svc."+zone, dns.TypeA, dns.TypeSRV)
}

func typesFor(name string) []uint16 {
	if strings.Contains(name, "generated") {
		return usualTypes()
	}
	return everyType()
}

func (q *questions) service(o *object, endpoints []endpoint) {
	name := o.Metadata.Name + "." + o.Metadata.Namespace + ".svc." + zone
	types := typesFor(name)
	q.ask("service", name, types...)
	q.ask("odd case", q.oddCase(name), dns.TypeA, dns.TypeSRV, dns.TypeCNAME)
	q.ask("wrong namespace", o.Metadata.Name+".default.svc."+zone, dns.TypeA, dns.TypeSRV)
	q.ask("missing namespace", o.Metadata.Name+".no-such-namespace.svc."+zone, dns.TypeA)
	q.ask("service as a Pod", o.Metadata.Name+"."+o.Metadata.Namespace+".pod."+zone, dns.TypeA)
	q.ask("no svc label", o.Metadata.Name+"."+o.Metadata.Namespace+"."+zone, dns.TypeA)
	q.ask("longer name", "x"+name, dns.TypeA)
	q.ask("below the service", "no-such-endpoint."+name, dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeTXT)
	q.ask("far below the service", "a.b.c."+name, dns.TypeA, dns.TypeSRV)
	q.ask("any port", "_tcp."+name, dns.TypeSRV, dns.TypeA)
	q.ask("missing port", "_no-such-port._tcp."+name, dns.TypeSRV, dns.TypeA, dns.TypeTXT)
	q.ask("underscores alone", "_._."+name, dns.TypeSRV, dns.TypeA)
	q.ask("two underscores", "__p0.__tcp."+name, dns.TypeSRV)
	for _, p := range o.Spec.Ports {
		q.port(p, name)
	}
	if a, err := netip.ParseAddr(o.Spec.ClusterIP); err == nil {
		q.pointer("PTR of a ClusterIP", a)
		q.ask("ClusterIP as an endpoint", dashed(a)+"."+name, dns.TypeA)
	}
	for _, e := range endpoints {
		q.endpoint(e, o, name)
	}
}

func (q *questions) port(p port, name string) {
	protocol := strings.ToLower(p.Protocol)
	if protocol == "" {
		protocol = "tcp"
	}
	portName := p.Name
	if portName == "" {
		portName = "unnamed"
	}
	full := "_" + portName + "._" + protocol + "." + name
	q.ask("port", full, dns.TypeSRV, dns.TypeA, dns.TypeAAAA, dns.TypeANY, dns.TypeCNAME, dns.TypeTXT)
	q.ask("port in odd case", q.oddCase(full), dns.TypeSRV)
	q.ask("port without underscores", portName+"."+protocol+"."+name, dns.TypeSRV, dns.TypeA)
	q.ask("port of the other protocol", "_"+portName+"._"+map[bool]string{true: "udp", false: "tcp"}[protocol == "tcp"]+"."+name, dns.TypeSRV)
	q.ask("port by number", fmt.Sprintf("_%d._%s.%s", p.Port, protocol, name), dns.TypeSRV)
	q.ask("below a port", "x."+full, dns.TypeSRV)
}

func (q *questions) endpoint(e endpoint, o *object, name string) {
	types := []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV}
	label := dashed(e.addr)
	if e.hostname != "" {
		q.ask("endpoint by hostname", e.hostname+"."+name, append(types, dns.TypeANY, dns.TypeTXT)...)
		q.ask("endpoint by hostname in odd case", q.oddCase(e.hostname+"."+name), dns.TypeA, dns.TypeSRV)
		q.ask("endpoint's address, though it has a hostname", label+"."+name, dns.TypeA)
		label = e.hostname
	} else {
		q.ask("endpoint by address", label+"."+name, append(types, dns.TypeCNAME, dns.TypeTXT)...)
		q.ask("endpoint by address in odd case", strings.ToUpper(label)+"."+name, dns.TypeA)
	}
	for _, p := range o.Spec.Ports {
		q.ask("port of an endpoint", "_"+p.Name+"._tcp."+label+"."+name, dns.TypeSRV)
	}
}

// dashed is an address as a label, as CoreDNS has it.
func dashed(a netip.Addr) string {
	s := strings.NewReplacer(".", "-", ":", "-").Replace(a.String())
	if strings.HasSuffix(s, "-") {
		s += "0"
	}
	return s
}

func (q *questions) addresses(endpoints []endpoint) {
	for _, e := range endpoints {
		q.pointer("PTR of an endpoint", e.addr)
	}
}

func (q *questions) pointer(about string, a netip.Addr) {
	name, err := dns.ReverseAddr(a.String())
	if err != nil {
		panic(err) // a is an address
	}
	q.ask(about, name, dns.TypePTR)
	if q.rand.IntN(3) == 0 {
		q.ask("reverse name for other types", name, dns.TypeA, dns.TypeANY, dns.TypeTXT, dns.TypeSRV, dns.TypeCNAME)
		q.ask("reverse name in odd case", q.oddCase(name), dns.TypePTR)
		q.ask("below a reverse name", "x."+name, dns.TypePTR)
	}
}

// oddCase turns letters to upper case at random, at least one.
func (q *questions) oddCase(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] >= 'a' && b[i] <= 'z' && q.rand.IntN(2) == 0 {
			b[i] -= 'a' - 'A'
		}
	}
	if string(b) == s {
		return strings.ToUpper(s)
	}
	return string(b)
}

// zone asks about the zone itself.
func (q *questions) zone() {
	for _, name := range []string{zone, "svc." + zone, "pod." + zone, "dns-version." + zone, "ns.dns." + zone} {
		q.ask("the zone", name, everyType()...)
		q.ask("the zone in odd case", q.oddCase(name), dns.TypeA, dns.TypeTXT, dns.TypeSOA, dns.TypeNS, dns.TypeMX)
	}
	for _, label := range []string{
		"dns", "apex.dns", "x.dns", "ns1.dns", "ns.dns.x", "x.ns.dns", "x.dns-version", "version", "hostmaster", "_tcp", "default", "kubernetes",
		"x", "*", "any", "_zone", "z.pin._zone.dual.headless.svc", "x.y", "x.y.z", "svc.svc", "pod.svc", "svc.pod", "ns.dns.svc", "x.svc.svc.svc",
		`a\.b.reporting.svc`, `analytics-db\.reporting.svc`, `analytics-db.reporting\.svc`, `a\000b.reporting.svc`, `\229.svc`, `\032.svc`, `\@.svc`,
		"analytics-db.reporting.svc.svc", "analytics-db.reporting.svc.cluster.local", "db.example.com",
		strings.Repeat("a", 63) + ".reporting.svc",
		strings.Repeat(strings.Repeat("a", 49)+".", 4) + "svc",
	} {
		q.ask("other names in the zone", label+"."+zone, dns.TypeA, dns.TypeSRV, dns.TypeTXT, dns.TypeNS, dns.TypeSOA)
	}
}

// reverse asks about reverse names that no object suggests.
func (q *questions) reverse() {
	for _, name := range []string{
		"in-addr.arpa.", "10.in-addr.arpa.", "1.0.10.in-addr.arpa.", "101.127.in-addr.arpa.", "ip6.arpa.", "0.0.d.f.ip6.arpa.",
		"25.1.0.10.in-addr.arpa.", "9.9.9.10.in-addr.arpa.", "1.2.3.4.in-addr.arpa.", "256.0.0.10.in-addr.arpa.", "01.0.20.10.in-addr.arpa.",
		"1.0.20.10.0.in-addr.arpa.", "x.0.20.10.in-addr.arpa.", "0-127.0.20.10.in-addr.arpa.", "-1.0.20.10.in-addr.arpa.", "+1.0.20.10.in-addr.arpa.",
		"ns.dns.in-addr.arpa.", "dns-version.in-addr.arpa.", "svc.in-addr.arpa.", "pod.in-addr.arpa.", "analytics-db.reporting.svc.in-addr.arpa.",
		"kubernetes.default.svc.in-addr.arpa.", "default.svc.ip6.arpa.", "ns.dns.ip6.arpa.", "b._dns-sd._udp.0.20.10.in-addr.arpa.",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.0.0.0.0.0.d.F.ip6.arpa.",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.0.0.0.0.0.d.g.ip6.arpa.",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.0.0.0.0.0.d.ip6.arpa.",
		"9.0.9.0.9.0.9.0.9.0.9.0.9.0.9.0.9.0.9.0.9.0.9.0.9.0.9.0.8.b.d.0.1.0.0.2.ip6.arpa.",
		"1.0.20.10.IN-ADDR.ARPA.", "arpa.", "1.0.20.10.in-addr.arpa.cluster.local.",
	} {
		q.ask("reverse zones", name, dns.TypePTR, dns.TypeA, dns.TypeTXT, dns.TypeNS, dns.TypeSOA, dns.TypeANY, dns.TypeCNAME, dns.TypeSRV)
	}
}

// outside asks about names that are not the cluster's.
func (q *questions) outside() {
	for _, name := range []string{"db.example.com.", "example.com.", "alias.example.com.", "chain-1.example.com.", "nobody.example.com."} {
		q.ask("outside", name, everyType()...)
	}
	for _, name := range []string{
		".", "com.", "local.", "cluster.", "cluster.local.example.com.", "db.notcluster.local.", "xcluster.local.", `x\.cluster.local.`, "intranet.",
		"_postgres._tcp.example.com.", "many.example.com.", "mail.example.com.", "broken-alias.example.com.", "x.wild.example.com.", "DB.Example.COM.",
		"failing.example.com.", "refused.example.com.", "svc.", "analytics-db.reporting.svc.", "analytics-db.reporting.", "analytics-db.", "wpad.",
	} {
		q.ask("outside", name, dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeMX, dns.TypeNS, dns.TypeSOA)
	}
}

// assembled asks about names made of labels that mean something, put together
// at random.
func (q *questions) assembled(objects []object) {
	const count = 1500
	labels := []string{
		"svc", "pod", "svc", "ns", "dns", "dns-version", "apex", "default", "kubernetes", "_tcp", "_udp", "_http", "http", "_", "*", "x", "_https", "tcp",
		"10-20-0-3", "fd00-20--3", "10-1-2-3", "one", "h1", "_p0", "p1", "cluster", "local", "in-addr", "arpa", "1",
	}
	for i := range objects {
		if m := objects[i].Metadata; q.rand.IntN(3) == 0 {
			labels = append(labels, m.Name, m.Namespace)
		}
	}
	labels = slices.DeleteFunc(labels, func(s string) bool { return s == "" })
	types := everyType()
	for range count {
		var name []string
		for range 1 + q.rand.IntN(5) {
			name = append(name, labels[q.rand.IntN(len(labels))])
		}
		if q.rand.IntN(4) > 0 {
			name = append(name, "svc")
		}
		q.ask("assembled name", strings.Join(name, ".")+"."+zone, types[q.rand.IntN(len(types))])
	}
}

// names are the distinct names asked for.
func names(probes []*probe) int {
	var all []string
	for _, p := range probes {
		all = append(all, p.question().Name)
	}
	slices.Sort(all)
	return len(slices.Compact(all))
}
