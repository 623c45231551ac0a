package probe

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
	"fairlead.dev/test/authority"
)

// serveTLS shakes hands with a certificate and says words.
func serveTLS(t *testing.T, cfg *tls.Config, words string) netip.AddrPort {
	t.Helper()
	return serve(t, func(c *net.TCPConn) {
		s := tls.Server(c, cfg)
		if s.Handshake() == nil {
			_, _ = io.WriteString(s, words)
			_, _ = io.Copy(io.Discard, s)
		}
	})
}

func with(pair tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

func days(n int) time.Time { return time.Now().Add(time.Duration(n)*24*time.Hour + time.Minute) }

func TestTLS(t *testing.T) {
	root, other := authority.New(t, "Root"), authority.New(t, "Somebody Else")
	middle := root.Below("Middle")
	noChain := middle.Issue([]string{"db.example.com"})
	noChain.Certificate = noChain.Certificate[:1]
	old, young := root.Issue([]string{"db.example.com"}, authority.Lasts(days(-90), days(-1))), root.Issue([]string{"db.example.com"}, authority.Lasts(days(1), days(90)))
	rows := []struct {
		name string
		pair tls.Certificate
		// check's and probe's names, and the authority
		target, serverName, bundle string
		reason                     string // empty: up
		words                      []string
	}{
		{"by the target's name", root.Issue([]string{"db.example.com"}), "db.example.com", "", root.PEM(), "", nil},
		{"by a target's name with a dot at its end", root.Issue([]string{"db.example.com"}), "db.example.com.", "", root.PEM(), "", nil},
		{"by the server's name", root.Issue([]string{"db.internal"}), "db.example.com", "db.internal", root.PEM(), "", nil},
		{"by a wildcard", root.Issue([]string{"*.example.com"}), "db.example.com", "", root.PEM(), "", nil},
		{"by the address", root.Issue([]string{"127.0.0.1"}), "", "", root.PEM(), "", nil},
		{"by an intermediate authority", middle.Issue([]string{"db.example.com"}), "db.example.com", "", root.PEM(), "", nil},
		{"one authority of two", root.Issue([]string{"db.example.com"}), "db.example.com", "", other.PEM() + root.PEM(), "", nil},
		{"for another name", root.Issue([]string{"a.example.com", "b.example.com"}), "db.example.com", "", root.PEM(), model.ProbeCertificate, []string{"a.example.com, b.example.com", "not for db.example.com", "serverName"}},
		{"for no address", root.Issue([]string{"db.example.com"}), "", "", root.PEM(), model.ProbeCertificate, []string{"for db.example.com", "not for 127.0.0.1"}},
		{"for a common name", root.Issue(nil), "db.example.com", "", root.PEM(), model.ProbeCertificate, []string{"no name at all"}},
		{"for many names", root.Issue(strings.Split("a.x b.x c.x d.x e.x f.x g.x", " ")), "db.example.com", "", root.PEM(), model.ProbeCertificate, []string{"a.x, b.x, c.x, d.x, e.x, 2 others"}},
		{"by somebody else", other.Issue([]string{"db.example.com"}), "db.example.com", "", root.PEM(), model.ProbeCertificate, []string{"Somebody Else", "caBundle"}},
		{"without the intermediate one", noChain, "db.example.com", "", root.PEM(), model.ProbeCertificate, []string{"CN=Middle", "intermediate"}},
		{"expired", old, "db.example.com", "", root.PEM(), model.ProbeCertificate, []string{"expired on " + trust.Date(days(-1)), "renew CN=the server's"}},
		{"not valid yet", young, "db.example.com", "", root.PEM(), model.ProbeCertificate, []string{"from " + trust.Date(days(1)), "clock"}},
		{"of no use to a server", root.Issue([]string{"db.example.com"}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "db.example.com", "", root.PEM(), model.ProbeCertificate, []string{"key usage"}},
		{"a bundle of nothing", root.Issue([]string{"db.example.com"}), "db.example.com", "", "not PEM", model.ProbeCertificate, []string{"caBundle has no certificate"}},
		{"by the machine's authorities", root.Issue([]string{"db.example.com"}), "db.example.com", "", "", model.ProbeCertificate, []string{"not trusted"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := model.Check{Addr: serveTLS(t, with(row.pair), ""), Name: row.target}
			spec := model.Probe{Kind: model.ProbeTLS, ServerName: row.serverName, CABundle: row.bundle}
			if row.reason != "" {
				down(t, prober(), spec, c, row.reason, row.words...)
				return
			}
			if r := up(t, prober(), spec, c); r.Warning != "" {
				t.Errorf("warning: %s", r.Warning)
			}
		})
	}
}

// TestRoots: a prober has authorities of its own.
func TestRoots(t *testing.T) {
	root := authority.New(t, "Root")
	c := model.Check{Addr: serveTLS(t, with(root.Issue([]string{"db.example.com"})), ""), Name: "db.example.com"}
	p := prober()
	p.Roots = x509.NewCertPool()
	p.Roots.AddCert(root.Certificate())
	up(t, p, model.Probe{Kind: model.ProbeTLS}, c)
	down(t, p, model.Probe{Kind: model.ProbeTLS, CABundle: authority.New(t, "Other").PEM()}, c, model.ProbeCertificate)
}

// TestClock: validity is judged by the prober's clock.
func TestClock(t *testing.T) {
	root := authority.New(t, "Root")
	c := model.Check{Addr: serveTLS(t, with(root.Issue([]string{"db.example.com"}, authority.Lasts(days(-90), days(30)))), ""), Name: "db.example.com"}
	spec := model.Probe{Kind: model.ProbeTLS, CABundle: root.PEM(), Timeout: patience}
	p := prober()
	for _, row := range []struct {
		after  int
		up     bool
		warned bool
	}{{0, true, false}, {15, true, false}, {17, true, true}, {29, true, true}, {31, false, false}} {
		p.Now = func() time.Time { return time.Now().Add(time.Duration(row.after) * 24 * time.Hour) }
		r := p.Probe(t.Context(), "", &spec, c)
		if r.Up != row.up || (r.Warning != "") != row.warned {
			t.Errorf("after %d days: up %v, warning %q, %s", row.after, r.Up, r.Warning, r.Detail)
		}
	}
}

// TestExpiryWarning: what expires first counts, the root excepted.
func TestExpiryWarning(t *testing.T) {
	root := authority.New(t, "Root")
	names := []string{"db.example.com"}
	middle := root.Below("Middle", authority.Lasts(days(-90), days(5)))
	rows := []struct {
		name   string
		pair   tls.Certificate
		within time.Duration
		want   []string
	}{
		{"in 13 days", root.Issue(names, authority.Lasts(days(-90), days(13))), 0, []string{trust.Date(days(13)), "CN=the server's"}},
		{"in 15 days", root.Issue(names, authority.Lasts(days(-90), days(15))), 0, nil},
		{"in 15 days, 30 asked for", root.Issue(names, authority.Lasts(days(-90), days(15))), 30 * 24 * time.Hour, []string{trust.Date(days(15))}},
		{"in 1 day, none asked for", root.Issue(names, authority.Lasts(days(-90), days(1))), -1, nil},
		{"the authority's in 5 days", middle.Issue(names), 0, []string{trust.Date(days(5)), "CN=Middle"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := prober()
			p.ExpiryWarning = row.within
			c := model.Check{Addr: serveTLS(t, with(row.pair), ""), Name: names[0]}
			r := up(t, p, model.Probe{Kind: model.ProbeTLS, CABundle: root.PEM()}, c)
			if (r.Warning == "") != (row.want == nil) {
				t.Errorf("warning %q", r.Warning)
			}
			for _, w := range row.want {
				if !strings.Contains(r.Warning, w) || !strings.Contains(r.Warning, c.Addr.String()) {
					t.Errorf("warning %q, want the address and %q in it", r.Warning, w)
				}
			}
		})
	}
}

// TestRefusedHandshake: a server that shakes no hands with this client.
func TestRefusedHandshake(t *testing.T) {
	root := authority.New(t, "Root")
	picky := with(root.Issue([]string{"db.example.com"}))
	picky.MaxVersion = tls.VersionTLS11
	old := with(root.Issue([]string{"db.example.com"}))
	old.NextProtos = []string{"imap"}
	spec := model.Probe{Kind: model.ProbeTLS, CABundle: root.PEM()}
	down(t, prober(), spec, model.Check{Addr: serveTLS(t, picky, ""), Name: "db.example.com"},
		model.ProbeHandshake, "refuses the TLS handshake for the name db.example.com", "protocol version")
	spec = model.Probe{Kind: model.ProbeHTTP, TLS: true, Path: "/", CABundle: root.PEM()}
	down(t, prober(), spec, model.Check{Addr: serveTLS(t, old, ""), Name: "db.example.com"},
		model.ProbeHandshake, "no application protocol")
	// What refuses in plain text is no TLS.
	spec = model.Probe{Kind: model.ProbeTLS}
	for _, words := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "-ERR unknown command\r\n", "220 mail.example.com ESMTP\r\n"} {
		down(t, prober(), spec, at(serve(t, answers(words))), model.ProbeProtocol, "does not speak TLS")
	}
}
