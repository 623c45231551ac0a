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
	root, other := newAuthority(t, "Root"), newAuthority(t, "Somebody Else")
	middle := root.below("Middle")
	noChain := middle.issue([]string{"db.example.com"})
	noChain.Certificate = noChain.Certificate[:1]
	old, young := root.issue([]string{"db.example.com"}, lasts(days(-90), days(-1))), root.issue([]string{"db.example.com"}, lasts(days(1), days(90)))
	rows := []struct {
		name string
		pair tls.Certificate
		// check's and probe's names, and the authority
		target, serverName, bundle string
		reason                     string // empty: up
		words                      []string
	}{
		{"by the target's name", root.issue([]string{"db.example.com"}), "db.example.com", "", root.pem(), "", nil},
		{"by a target's name with a dot at its end", root.issue([]string{"db.example.com"}), "db.example.com.", "", root.pem(), "", nil},
		{"by the server's name", root.issue([]string{"db.internal"}), "db.example.com", "db.internal", root.pem(), "", nil},
		{"by a wildcard", root.issue([]string{"*.example.com"}), "db.example.com", "", root.pem(), "", nil},
		{"by the address", root.issue([]string{"127.0.0.1"}), "", "", root.pem(), "", nil},
		{"by an intermediate authority", middle.issue([]string{"db.example.com"}), "db.example.com", "", root.pem(), "", nil},
		{"one authority of two", root.issue([]string{"db.example.com"}), "db.example.com", "", other.pem() + root.pem(), "", nil},
		{"for another name", root.issue([]string{"a.example.com", "b.example.com"}), "db.example.com", "", root.pem(), model.ProbeCertificate, []string{"a.example.com, b.example.com", "not for db.example.com", "serverName"}},
		{"for no address", root.issue([]string{"db.example.com"}), "", "", root.pem(), model.ProbeCertificate, []string{"for db.example.com", "not for 127.0.0.1"}},
		{"for a common name", root.issue(nil), "db.example.com", "", root.pem(), model.ProbeCertificate, []string{"no name at all"}},
		{"for many names", root.issue(strings.Split("a.x b.x c.x d.x e.x f.x g.x", " ")), "db.example.com", "", root.pem(), model.ProbeCertificate, []string{"a.x, b.x, c.x, d.x, e.x, 2 others"}},
		{"by somebody else", other.issue([]string{"db.example.com"}), "db.example.com", "", root.pem(), model.ProbeCertificate, []string{"Somebody Else", "caBundle"}},
		{"without the intermediate one", noChain, "db.example.com", "", root.pem(), model.ProbeCertificate, []string{"CN=Middle", "intermediate"}},
		{"expired", old, "db.example.com", "", root.pem(), model.ProbeCertificate, []string{"expired on " + date(days(-1)), "renew CN=the server's"}},
		{"not valid yet", young, "db.example.com", "", root.pem(), model.ProbeCertificate, []string{"from " + date(days(1)), "clock"}},
		{"of no use to a server", root.issue([]string{"db.example.com"}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "db.example.com", "", root.pem(), model.ProbeCertificate, []string{"key usage"}},
		{"a bundle of nothing", root.issue([]string{"db.example.com"}), "db.example.com", "", "not PEM", model.ProbeCertificate, []string{"caBundle has no certificate"}},
		{"by the machine's authorities", root.issue([]string{"db.example.com"}), "db.example.com", "", "", model.ProbeCertificate, []string{"not trusted"}},
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
	root := newAuthority(t, "Root")
	c := model.Check{Addr: serveTLS(t, with(root.issue([]string{"db.example.com"})), ""), Name: "db.example.com"}
	p := prober()
	p.Roots = x509.NewCertPool()
	p.Roots.AddCert(root.cert)
	up(t, p, model.Probe{Kind: model.ProbeTLS}, c)
	down(t, p, model.Probe{Kind: model.ProbeTLS, CABundle: newAuthority(t, "Other").pem()}, c, model.ProbeCertificate)
}

// TestClock: validity is judged by the prober's clock.
func TestClock(t *testing.T) {
	root := newAuthority(t, "Root")
	c := model.Check{Addr: serveTLS(t, with(root.issue([]string{"db.example.com"}, lasts(days(-90), days(30)))), ""), Name: "db.example.com"}
	spec := model.Probe{Kind: model.ProbeTLS, CABundle: root.pem(), Timeout: patience}
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
	root := newAuthority(t, "Root")
	names := []string{"db.example.com"}
	middle := root.below("Middle", lasts(days(-90), days(5)))
	rows := []struct {
		name   string
		pair   tls.Certificate
		within time.Duration
		want   []string
	}{
		{"in 13 days", root.issue(names, lasts(days(-90), days(13))), 0, []string{date(days(13)), "CN=the server's"}},
		{"in 15 days", root.issue(names, lasts(days(-90), days(15))), 0, nil},
		{"in 15 days, 30 asked for", root.issue(names, lasts(days(-90), days(15))), 30 * 24 * time.Hour, []string{date(days(15))}},
		{"in 1 day, none asked for", root.issue(names, lasts(days(-90), days(1))), -1, nil},
		{"the authority's in 5 days", middle.issue(names), 0, []string{date(days(5)), "CN=Middle"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := prober()
			p.ExpiryWarning = row.within
			c := model.Check{Addr: serveTLS(t, with(row.pair), ""), Name: names[0]}
			r := up(t, p, model.Probe{Kind: model.ProbeTLS, CABundle: root.pem()}, c)
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
	root := newAuthority(t, "Root")
	picky := with(root.issue([]string{"db.example.com"}))
	picky.MaxVersion = tls.VersionTLS11
	old := with(root.issue([]string{"db.example.com"}))
	old.NextProtos = []string{"imap"}
	spec := model.Probe{Kind: model.ProbeTLS, CABundle: root.pem()}
	down(t, prober(), spec, model.Check{Addr: serveTLS(t, picky, ""), Name: "db.example.com"},
		model.ProbeHandshake, "refuses the TLS handshake for the name db.example.com", "protocol version")
	spec = model.Probe{Kind: model.ProbeHTTP, TLS: true, Path: "/", CABundle: root.pem()}
	down(t, prober(), spec, model.Check{Addr: serveTLS(t, old, ""), Name: "db.example.com"},
		model.ProbeHandshake, "no application protocol")
	// What refuses in plain text is no TLS.
	spec = model.Probe{Kind: model.ProbeTLS}
	for _, words := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "-ERR unknown command\r\n", "220 mail.example.com ESMTP\r\n"} {
		down(t, prober(), spec, at(serve(t, answers(words))), model.ProbeProtocol, "does not speak TLS")
	}
}
