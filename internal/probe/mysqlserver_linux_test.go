package probe

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// mariadb is a real MariaDB server.
type mariadb struct {
	*program
	dir   string
	ready int // how much its log had then
}

// newMariaDB makes the data of a server, and starts it.
func newMariaDB(t *testing.T, args ...string) *mariadb {
	t.Helper()
	installed(t, "mariadbd")
	install := installed(t, "mariadb-install-db")
	dir, err := os.MkdirTemp("", "fairlead-mariadb-") // a socket's path may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	output(t, install, "--no-defaults", "--datadir="+filepath.Join(dir, "d"), "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", "--user="+me())
	m := &mariadb{dir: dir}
	m.start(t, args...)
	return m
}

// me is the user that the server runs as. It refuses to be root unless it is told so.
func me() string {
	if os.Getuid() == 0 {
		return "root"
	}
	return os.Getenv("USER")
}

func (m *mariadb) start(t *testing.T, args ...string) {
	t.Helper()
	addr := freePort(t)
	m.program = launch(t, addr, installed(t, "mariadbd"), append([]string{
		"--no-defaults", "--user=" + me(), "--datadir=" + filepath.Join(m.dir, "d"), "--socket=" + m.socket(),
		"--port=" + fmt.Sprint(addr.Port()), "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=8M",
	}, args...)...)
	m.program.ready(func() bool { return answersTo(model.Probe{Kind: model.ProbeMySQL}, addr) })
	m.ready = len(m.said.String())
}

func (m *mariadb) socket() string { return filepath.Join(m.dir, "s") }

// sql runs statements as root, by the server's own client.
func (m *mariadb) sql(t *testing.T, statements ...string) string {
	t.Helper()
	out, err := exec.Command(installed(t, "mariadb"), "--no-defaults", "--skip-column-names", "-S", m.socket(), "-u", "root", "-e", strings.Join(statements, "; ")).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", statements, err, out)
	}
	return strings.TrimSpace(string(out))
}

// from gives an address at which to is reached from another source address, as from
// another host: a server does not count what its own does wrong.
func from(t *testing.T, source string, to netip.AddrPort) netip.AddrPort {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}, Timeout: patience}
	return serve(t, func(c *net.TCPConn) {
		on, err := d.Dial("tcp", to.String())
		if err != nil {
			t.Errorf("from %s: %v", source, err)
			return
		}
		defer on.Close()
		go func() {
			_, _ = on.(*net.TCPConn).ReadFrom(c)
			_ = on.(*net.TCPConn).CloseWrite()
		}()
		_, _ = c.ReadFrom(on)
	})
}

// greeted connects and hangs up on the server's greeting, and returns its first octet.
func greeted(t *testing.T, addr netip.AddrPort) byte {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr.String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	p, _, err := readMySQLPacket(c)
	if err != nil {
		t.Fatal(err)
	}
	return p[0]
}
