package trust

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
)

// connected returns both ends of a TCP connection. Over a net.Pipe, where nobody may
// write while the other end does, a handshake would get stuck.
func connected(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// shake makes a handshake with a server that shows pair, and verifies with want.
func shake(t *testing.T, pair tls.Certificate, want Want) error {
	t.Helper()
	client, server := connected(t)
	go func() {
		_ = tls.Server(server, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake()
		server.Close()
	}()
	return tls.Client(client, &tls.Config{
		ServerName: want.Name, InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error { return want.Verify(s, time.Now()) },
	}).Handshake()
}

func TestVerify(t *testing.T) {
	root, other := authority.New(t, "Root"), authority.New(t, "Other")
	pool, err := Parse([]byte(root.PEM()))
	if err != nil {
		t.Fatal(err)
	}
	good := root.Below("Middle").Issue([]string{"db.example.com", "10.0.0.1", "fd00::1"}, func(c *x509.Certificate) {
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example.com", Path: "/db"}}
	})
	now := time.Now()
	old := root.Issue([]string{"db.example.com"}, authority.Lasts(now.Add(-2*time.Hour), now.Add(-time.Hour)))
	foreign := other.Issue([]string{"db.example.com"})
	for _, c := range []struct {
		name string
		pair tls.Certificate
		want Want
		says string // empty: trusted
	}{
		{"good", good, Want{Name: "db.example.com"}, ""},
		{"IPv4", good, Want{Name: "10.0.0.1"}, ""},
		{"IPv6", good, Want{Name: "fd00::1"}, ""},
		{"another IPv6", good, Want{Name: "fd00::2"}, "not for fd00::2"},
		{"another name", good, Want{Name: "web.example.com"}, "has a certificate for db.example.com, 10.0.0.1, fd00::1, spiffe://example.com/db, not for web.example.com: name one of its names in NAME"},
		{"expired", old, Want{Name: "db.example.com"}, "expired on"},
		{"another authority", foreign, Want{Name: "db.example.com"}, "CN=Other, which is not trusted here"},
		{"another authority, insecure", foreign, Want{Name: "nobody", Insecure: true}, ""},
		{"alternative", good, Want{Name: "nobody", Alternatives: []string{"x.example.com", "db.example.com"}}, ""},
		{"alternative URI", good, Want{Name: "nobody", Alternatives: []string{"spiffe://example.com/db"}}, ""},
		{"no alternative", good, Want{Name: "db.example.com", Alternatives: []string{"spiffe://example.com/web", "x.example.com"}}, "none of the subjectAltNames"},
		{"alternative by another authority", foreign, Want{Name: "nobody", Alternatives: []string{"db.example.com"}}, "not trusted"},
		{"pin", good, Want{Name: "db.example.com", Pins: []string{"x", Pin(leaf(t, good))}}, ""},
		{"pin of an authority", good, Want{Name: "db.example.com", Pins: []string{Pin(root.Certificate())}}, ""},
		{"another pin", good, Want{Name: "db.example.com", Pins: []string{Pin(leaf(t, foreign))}}, "has the pin " + Pin(leaf(t, good))},
		{"pin and another name", good, Want{Name: "web.example.com", Pins: []string{Pin(leaf(t, good))}}, "not for web.example.com"},
		{"insecure with a pin", foreign, Want{Insecure: true, Pins: []string{Pin(leaf(t, foreign))}}, ""},
		{"insecure with another pin", good, Want{Insecure: true, Pins: []string{Pin(leaf(t, foreign))}}, "none of the pins"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Roots = pool
			err := shake(t, c.pair, c.want)
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			f := Explain(err, c.want.Name, now, Fields{Name: "NAME", CA: "CA"})
			if f == nil || f.Reason != model.ProbeCertificate || !strings.Contains(f.Says, c.says) {
				t.Errorf("%v is explained as %+v, want %q", err, f, c.says)
			}
		})
	}
}

func leaf(t *testing.T, pair tls.Certificate) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestExplainConnection: what the network did is not TLS's fault.
func TestExplainConnection(t *testing.T) {
	client, server := connected(t)
	server.Close()
	err := tls.Client(client, &tls.Config{ServerName: "x"}).Handshake()
	if f := Explain(err, "x", time.Now(), Fields{}); err == nil || f != nil {
		t.Errorf("%v is explained as %+v", err, f)
	}
	if f := Explain(errors.New("a\nb"), "x", time.Now(), Fields{}); f == nil || f.Reason != model.ProbeHandshake || f.Says != "fails in the TLS handshake: a b" {
		t.Errorf("explained as %+v", f)
	}
}

// TestClean: what a server says is told in one line that does no harm.
func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\n\tb":               "a b",
		"red \x1b[31m":           "red ?[31m",
		"\xff\xfe":               "?",
		"für 日本":                 "für 日本",
		strings.Repeat("é", 300): strings.Repeat("é", MaxQuote) + "...",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
