//go:build linux

package differential

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// shown is how many failing comparisons of a pass are printed in full, and
// listed how many at all.
const (
	shown  = 20
	listed = 100
)

// compare puts every probe to both sides. What differs must be explained by a
// listed difference.
func (w *world) compare(t *testing.T, probes []*probe) {
	t.Helper()
	failed := 0
	for _, p := range probes {
		want, got := w.both(p)
		w.compared++
		if got.msg != nil && got.msg.Truncated {
			w.truncated(t, p, got)
		}
		aspects := compare(want, got)
		if want.msg == nil && !p.mute {
			aspects = []aspect{wholeReply} // they agree on nothing
		}
		if len(aspects) == 0 || w.explained(p, want, got, aspects) {
			continue
		}
		failed++
		switch {
		case failed <= shown:
			t.Errorf("%s\ndiffers in %v\n%s", p, aspects, sideBySide(want.text(), got.text()))
		case failed <= listed:
			t.Errorf("%s\ndiffers in %v", p, aspects)
		}
	}
	if failed > listed {
		t.Errorf("... and %d more", failed-listed)
	}
	w.failed += failed
	t.Logf("%d questions about %d names: %d agree or differ as listed, %d do not", len(probes), names(probes), len(probes)-failed, failed)
}

// both asks CoreDNS and Fairlead at the same time.
func (w *world) both(p *probe) (coredns, fairlead reply) {
	done := make(chan reply)
	go func() { done <- ask(w.kube.DNSAddr().String(), p) }()
	fairlead = ask(w.fairlead.dns, p)
	return <-done, fairlead
}

// truncated checks that a truncated reply has as much of the whole as there is
// room for, and nothing else.
func (w *world) truncated(t *testing.T, p *probe, got reply) {
	t.Helper()
	room := dns.MinMsgSize
	if p.query != nil && p.query.IsEdns0() != nil {
		room = max(room, int(p.query.IsEdns0().UDPSize()))
	}
	whole := ask(w.fairlead.dns, &probe{wire: p.wire, tcp: true})
	if p.tcp || got.size > room || whole.msg == nil || whole.msg.Truncated || count(got.msg) >= count(whole.msg) {
		t.Errorf("%s: truncated to %d octets and %d records, with room for %d octets\n%s", p, got.size, count(got.msg), room, whole.text())
		return
	}
	const record = 100 // octets; no record here is larger
	if got.size < room-record {
		t.Errorf("%s: truncated to %d octets though there is room for %d", p, got.size, room)
	}
	some, all := slices.Concat(got.msg.Answer, got.msg.Extra), slices.Concat(whole.msg.Answer, whole.msg.Extra)
	for rr := range strings.SplitSeq(records(some), "\n") {
		if !slices.Contains(strings.Split(records(all), "\n"), rr) {
			t.Errorf("%s: truncated to a record that the whole does not have: %s", p, rr)
		}
	}
}

// count counts the records.
func count(m *dns.Msg) int { return len(m.Answer) + len(m.Ns) + len(m.Extra) }

func (w *world) explained(p *probe, want, got reply, aspects []aspect) bool {
	if want.msg == nil || got.msg == nil {
		return false // no difference is about that
	}
	c := &comparison{probe: p, coredns: want, fairlead: got, in: aspects, name: strings.ToLower(p.question().Name)}
	for _, d := range differences() {
		if d.covers(c) {
			w.occurred[d.name]++
			return true
		}
	}
	return false
}

// sideBySide prints CoreDNS's reply on the left and Fairlead's on the right.
func sideBySide(left, right string) string {
	const width, height = 92, 40
	l := append([]string{"CoreDNS"}, strings.Split(left, "\n")...)
	r := append([]string{"Fairlead"}, strings.Split(right, "\n")...)
	var s strings.Builder
	for i := range min(height, max(len(l), len(r))) {
		var a, b string
		if i < len(l) {
			a = strings.ReplaceAll(l[i], "\t", " ")
		}
		if i < len(r) {
			b = strings.ReplaceAll(r[i], "\t", " ")
		}
		mark := " "
		if a != b {
			mark = "|"
		}
		fmt.Fprintf(&s, "  %-*s %s %s\n", width, a, mark, b)
	}
	return s.String()
}
