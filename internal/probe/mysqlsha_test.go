package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"fairlead.dev/internal/model"
)

// shaServer is a server of caching_sha2_password without TLS, written after MySQL's
// description of it, and held against MariaDB's client.
type shaServer struct {
	t *testing.T
	// remembers is whether it has the hash of the password, or wants to see that.
	remembers bool
	// switches is whether it greets with another method first.
	switches bool
	key      *rsa.PrivateKey
	pem      []byte
}

func newSHAServer(t *testing.T, remembers, switches bool) *shaServer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return &shaServer{
		t: t, remembers: remembers, switches: switches, key: key,
		pem: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	}
}

// mysqlHello is a greeting.
func mysqlHello(caps uint32, nonce, plugin string) []byte {
	b := append([]byte{10}, "8.4.0\x00\x01\x00\x00\x00"...)
	b = append(append(b, nonce[:8]...), 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(caps))
	b = append(b, 45, 2, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(caps>>16))
	b = append(append(b, byte(len(nonce)+1)), make([]byte, 10)...)
	return append(append(append(append(b, nonce[8:]...), 0), plugin...), 0)
}

const (
	shaCaps  = mysqlLongPassword | mysqlProtocol41 | mysqlTransactions | mysqlSecure | mysqlPluginAuth | mysqlWithDatabase
	shaNonce = "abcdefghijklmnopqrst"
)

func (s *shaServer) serve(c *net.TCPConn) {
	m := &mysqlSession{rw: c}
	hello := mysqlHello(shaCaps, shaNonce, cachingSHA2)
	if s.switches {
		hello = mysqlHello(shaCaps, "01234567890123456789", nativePassword)
	}
	_ = m.send(hello)
	p, err := m.receive()
	if err != nil || len(p) < 34 {
		return
	}
	user, rest, _ := bytes.Cut(p[32:], []byte{0})
	proof := rest[1 : 1+int(rest[0])]
	if s.switches {
		_ = m.send([]byte("\xfe" + cachingSHA2 + "\x00" + shaNonce + "\x00"))
		if proof, err = m.receive(); err != nil {
			return
		}
	}
	if string(user) != "u" || !s.admits(m, proof) {
		_ = m.send([]byte("\xff\x15\x04#28000Access denied for user"))
		return
	}
	_ = m.send([]byte("\x00\x00\x00\x02\x00\x00\x00"))
	for {
		p, err := m.receive()
		if err != nil || p[0] == 1 {
			return
		}
		column := "\x03def\x00\x00\x00\x01x\x00\x0c\x2d\x00\x01\x00\x00\x00\xfd\x00\x00\x00\x00\x00"
		for _, answer := range []string{"\x02", column, column, "\xfe\x00\x00\x02\x00", "\x010\x010", "\xfe\x00\x00\x02\x00"} {
			_ = m.send([]byte(answer))
		}
	}
}

// admits judges the proof, and the password if it wants to see that.
func (s *shaServer) admits(m *mysqlSession, proof []byte) bool {
	if s.remembers {
		once := sha256.Sum256([]byte(secret))
		twice := sha256.Sum256(once[:])
		mask := sha256.Sum256(append(twice[:], shaNonce...))
		for i := range mask {
			mask[i] ^= once[i]
		}
		if !bytes.Equal(mask[:], proof) {
			return false
		}
		_ = m.send([]byte{mysqlMore, 3})
		return true
	}
	_ = m.send([]byte{mysqlMore, 4})
	if p, err := m.receive(); err != nil || len(p) != 1 || p[0] != 2 {
		s.t.Errorf("not asked for the key but told %q, %v", p, err)
		return false
	}
	_ = m.send(append([]byte{mysqlMore}, s.pem...))
	sealed, err := m.receive()
	if err != nil {
		return false
	}
	plain, err := rsa.DecryptOAEP(sha1.New(), nil, s.key, sealed, nil)
	for i := range plain {
		plain[i] ^= shaNonce[i%len(shaNonce)]
	}
	return err == nil && string(plain) == secret+"\x00"
}

// TestCachingSHA2 holds the login without TLS against a server that MariaDB's client
// gets along with.
func TestCachingSHA2(t *testing.T) {
	wrong := &Prober{Credentials: func(_ context.Context, _, name string) (Login, error) { return Login{name, "wrong"}, nil }}
	spec := model.Probe{Kind: model.ProbeMySQL, Role: model.RolePrimary, Credentials: "u"}
	for _, remembers := range []bool{true, false} {
		for _, switches := range []bool{true, false} {
			t.Run(map[bool]string{true: "remembered", false: "forgotten"}[remembers]+map[bool]string{true: " after a switch"}[switches], func(t *testing.T) {
				addr := serve(t, newSHAServer(t, remembers, switches).serve)
				up(t, prober(), spec, at(addr))
				down(t, wrong, spec, at(addr), model.ProbeAuthentication, "1045")
				client, err := exec.LookPath("mariadb")
				if err != nil {
					t.Skip("mariadb is not installed: run `make packages` as root; the server is held against nobody else")
				}
				for password, want := range map[string]bool{secret: true, "wrong": false} {
					out, err := exec.Command(client, "--no-defaults", "--skip-ssl", "--protocol=tcp", "-h", "127.0.0.1", "-P", strconv.Itoa(int(addr.Port())),
						"-u", "u", "--password="+password, "--skip-column-names", "-e", "SELECT 0, 0").CombinedOutput()
					if (err == nil) != want || want && strings.TrimSpace(string(out)) != "0\t0" {
						t.Errorf("MariaDB's client with the password %q: %v: %s", password, err, out)
					}
				}
			})
		}
	}
}

// TestMySQLAnswers: servers that are no good, or that mean no good.
func TestMySQLAnswers(t *testing.T) {
	packet := func(seq byte, payload string) string {
		return string([]byte{byte(len(payload)), byte(len(payload) >> 8), 0, seq}) + payload
	}
	hello := func(caps uint32, plugin string) string { return packet(0, string(mysqlHello(caps, shaNonce, plugin))) }
	good := hello(shaCaps, nativePassword)
	ok, end, column := packet(2, "\x00\x00\x00\x02\x00\x00\x00"), "\xfe\x00\x00\x02\x00", "\x03def"
	rows := []struct {
		name    string
		answers []string // the first comes unasked
		reason  string
		word    string
	}{
		{"a greeting that ends early", []string{packet(0, "\x0a8.4.0\x00\x01\x00")}, model.ProbeProtocol, "MySQL"},
		{"a greeting without an end of its version", []string{packet(0, "\x0a8.4.0")}, model.ProbeProtocol, "MySQL"},
		{"a greeting of protocol 9", []string{packet(0, "\x093.20\x00\x01\x00\x00\x00abcdefgh\x00")}, model.ProbeProtocol, "MySQL"},
		{"a server of before 4.1", []string{hello(mysqlLongPassword, "")}, model.ProbeProtocol, "MySQL"},
		{"the host is not allowed", []string{packet(0, "\xff\x6a\x04Host '10.0.0.1' is not allowed to connect")}, model.ProbeNotServing, "1130"},
		{"a login for nothing", []string{good, packet(2, "\x00")}, model.ProbeReset, ""},
		{"starting", []string{good, packet(2, "\xff\xd8\x0b#HY000The server is currently in offline mode")}, model.ProbeNotServing, "3032"},
		{"an error that ends early", []string{good, packet(2, "\xff")}, model.ProbeNotServing, "error 0"},
		{"the old method", []string{good, packet(2, "\xfe")}, model.ProbeAuthentication, "mysql_old_password"},
		{"in clear text", []string{good, packet(2, "\xfemysql_clear_password\x00")}, model.ProbeAuthentication, "mysql_clear_password"},
		{"the switch of a method without an end", []string{good, packet(2, "\xfemysql")}, model.ProbeProtocol, "MySQL"},
		{"one switch after the other", []string{good + strings.Repeat(packet(2, "\xfemysql_native_password\x00"+shaNonce+"\x00"), 20)}, model.ProbeProtocol, "MySQL"},
		{"the key of nobody", []string{hello(shaCaps, cachingSHA2), packet(2, "\x01\x04"), packet(4, "\x01no key")}, model.ProbeAuthentication, "turn on TLS"},
		{"a key unasked", []string{hello(shaCaps, cachingSHA2), packet(2, "\x01")}, model.ProbeProtocol, "MySQL"},
		{"more of another method", []string{good, packet(2, "\x01\x04")}, model.ProbeProtocol, "MySQL"},
		{"three columns", []string{good, ok, packet(1, "\x03")}, model.ProbeProtocol, "MySQL"},
		{"no row", []string{good, ok, packet(1, "\x02") + packet(2, column) + packet(3, column) + packet(4, end) + packet(5, end)}, model.ProbeProtocol, "MySQL"},
		{"two rows", []string{good, ok, packet(1, "\x02") + packet(2, column) + packet(3, column) + packet(4, end) + packet(5, "\x010\x010") + packet(6, "\x010\x010")}, model.ProbeProtocol, "MySQL"},
		{"a row that ends early", []string{good, ok, packet(1, "\x02") + packet(2, column) + packet(3, column) + packet(4, end) + packet(5, "\x010\x09") + packet(6, end)}, model.ProbeProtocol, "MySQL"},
		{"a node that is not in its cluster", []string{good, ok, packet(1, "\xff\x17\x04#08S01WSREP has not yet prepared node for application use")}, model.ProbeNotServing, "WSREP"},
		{"an answer", []string{good, ok, packet(1, "\x02") + packet(2, column) + packet(3, column) + packet(4, end) + packet(5, "\x010\xfb") + packet(6, end)}, "", ""},
	}
	spec := model.Probe{Kind: model.ProbeMySQL, Role: model.RolePrimary, Credentials: "u"}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			addr := serve(t, func(c *net.TCPConn) {
				for i, a := range row.answers {
					if i > 0 {
						if _, err := c.Read(make([]byte, 1<<12)); err != nil {
							return
						}
					}
					_, _ = io.WriteString(c, a)
				}
				_, _ = c.Read(make([]byte, 1<<12))
			})
			if row.reason == "" {
				up(t, prober(), spec, at(addr))
			} else {
				down(t, prober(), spec, at(addr), row.reason, row.word)
			}
		})
	}
}
