package probe

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// launchRedis starts a real server that keeps nothing.
func launchRedis(t *testing.T, args ...string) *program {
	t.Helper()
	bin, addr := installed(t, "redis-server"), freePort(t)
	p := launch(t, addr, bin, append([]string{
		"--bind", addr.Addr().String(), "--port", fmt.Sprint(addr.Port()), "--dir", t.TempDir(), "--save", "", "--enable-debug-command", "yes",
	}, args...)...)
	return p.ready(func() bool { return strings.Contains(p.said.String(), "Ready to accept connections") })
}

// tell sends commands to a server, one a line, and returns the last reply.
func tell(t *testing.T, p *program, lines ...string) string {
	t.Helper()
	c, err := net.Dial("tcp", p.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReader(c)
	var last reply
	for _, line := range lines {
		fmt.Fprintf(c, "%s\r\n", line)
		if last, err = readReply(r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if last.kind == '-' {
			t.Fatalf("%s: %s", line, last.text)
		}
	}
	return last.text
}

// TestRealRedis follows a primary and its replica through their lives.
func TestRealRedis(t *testing.T) {
	primary := launchRedis(t)
	replica := launchRedis(t, "--replicaof", "127.0.0.1 "+fmt.Sprint(primary.addr.Port()), "--repl-diskless-sync-delay", "0")
	linked := func() bool {
		return answersTo(model.Probe{Kind: model.ProbeRedis, Role: model.RoleReplica}, replica.addr)
	}
	eventually(t, "the replica is linked", linked)
	whatever, wantsPrimary, wantsReplica := model.Probe{Kind: model.ProbeRedis}, model.Probe{Kind: model.ProbeRedis, Role: model.RolePrimary}, model.Probe{Kind: model.ProbeRedis, Role: model.RoleReplica}

	up(t, prober(), whatever, at(primary.addr))
	up(t, prober(), wantsPrimary, at(primary.addr))
	down(t, prober(), wantsReplica, at(primary.addr), model.ProbeNotReplica, "is a primary")
	up(t, prober(), whatever, at(replica.addr))
	up(t, prober(), wantsReplica, at(replica.addr))
	down(t, prober(), wantsPrimary, at(replica.addr), model.ProbeNotPrimary, "is a replica")

	// The primary hangs: it answers nothing, and its kernel takes connections.
	primary.signal(syscall.SIGSTOP)
	hung := wantsPrimary
	hung.Timeout = 300 * time.Millisecond
	down(t, prober(), hung, at(primary.addr), model.ProbeTimeout, "takes the connection and then gives no answer within 300ms")
	primary.signal(syscall.SIGCONT)
	up(t, prober(), wantsPrimary, at(primary.addr))

	// It dies: the replica has no link, and then is the primary.
	primary.kill()
	down(t, prober(), wantsPrimary, at(primary.addr), model.ProbeRefused)
	eventually(t, "the replica has lost its link", func() bool { return !linked() })
	down(t, prober(), wantsReplica, at(replica.addr), model.ProbeNotServing, "no link to its primary")
	down(t, prober(), wantsPrimary, at(replica.addr), model.ProbeNotPrimary)
	up(t, prober(), whatever, at(replica.addr))
	tell(t, replica, "CONFIG SET replica-serve-stale-data no")
	down(t, prober(), whatever, at(replica.addr), model.ProbeNotServing, "MASTERDOWN")
	tell(t, replica, "REPLICAOF NO ONE")
	up(t, prober(), wantsPrimary, at(replica.addr))
	down(t, prober(), wantsReplica, at(replica.addr), model.ProbeNotReplica)
}

func TestRealRedisLogin(t *testing.T) {
	s := launchRedis(t)
	whatever, role, login := model.Probe{Kind: model.ProbeRedis}, model.Probe{Kind: model.ProbeRedis, Role: model.RolePrimary}, model.Probe{Kind: model.ProbeRedis, Role: model.RolePrimary}
	login.Credentials = "probe"
	as := func(user, password string) *Prober {
		return &Prober{Credentials: func(context.Context, string, string) (Login, error) { return Login{user, password}, nil }}
	}
	down(t, as("", secret), login, at(s.addr), model.ProbeAuthentication, "asks for no password")

	tell(t, s, fmt.Sprintf("ACL SETUSER probe on %q +auth +ping +role", ">"+secret), fmt.Sprintf("ACL SETUSER mute on %q +auth +ping", ">"+secret), fmt.Sprintf("CONFIG SET requirepass %q", "another one"))
	up(t, prober(), whatever, at(s.addr))
	down(t, prober(), role, at(s.addr), model.ProbeCredentials, "credentialsSecretRef")
	up(t, prober(), login, at(s.addr))
	up(t, as("", "another one"), login, at(s.addr))
	up(t, as("default", "another one"), login, at(s.addr))
	down(t, as("", secret), login, at(s.addr), model.ProbeAuthentication, "wrong")
	down(t, as("probe", "wrong"), login, at(s.addr), model.ProbeAuthentication, "wrong")
	down(t, as("probe", secret+"\n"), login, at(s.addr), model.ProbeAuthentication, "wrong", "ends in a line break")
	down(t, as("mute", secret), login, at(s.addr), model.ProbeAuthentication, "+role")
	login.Role = model.AnyRole
	up(t, as("mute", secret), login, at(s.addr))
	down(t, as("mute", "wrong"), login, at(s.addr), model.ProbeAuthentication, "wrong")
}

// TestRealRedisFull: a server that has no connection left, or cannot write.
func TestRealRedisFull(t *testing.T) {
	s := launchRedis(t, "--maxclients", "2")
	whatever := model.Probe{Kind: model.ProbeRedis}
	up(t, prober(), whatever, at(s.addr))
	var held []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", s.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
		fmt.Fprint(c, "PING\r\n")
		_, _ = c.Read(make([]byte, 7))
	}
	for range 20 {
		down(t, prober(), whatever, at(s.addr), model.ProbeNotServing, "max number of clients")
	}
	for _, c := range held {
		c.Close()
	}
	eventually(t, "there is room again", func() bool { return answersTo(whatever, s.addr) })
}

// TestRealRedisThatServesNobody: a server whose disk is full, that is busy, or that
// reads its data.
func TestRealRedisThatServesNobody(t *testing.T) {
	whatever := model.Probe{Kind: model.ProbeRedis}
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := launchRedis(t, "--dir", dir, "--save", "3600 1", "--busy-reply-threshold", "50")
	tell(t, s, "DEBUG POPULATE 5000", "SAVE")
	c, err := net.Dial("tcp", s.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "EVAL \"while true do end\" 0\r\n")
	busy := func() bool { return !answersTo(whatever, s.addr) }
	eventually(t, "the server is busy", busy)
	down(t, prober(), whatever, at(s.addr), model.ProbeNotServing, "BUSY")
	tell(t, s, "SCRIPT KILL")
	eventually(t, "it is idle again", func() bool { return !busy() })

	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.Rename(dir, kept); err != nil { // into a folder that is there no more, nothing is written
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(kept)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(kept); err != nil {
		t.Fatal(err)
	}
	tell(t, s, "SET a b", "BGSAVE")
	eventually(t, "saving has failed", busy)
	down(t, prober(), whatever, at(s.addr), model.ProbeNotServing, "MISCONF")
	s.kill()

	slow := launch(t, s.addr, installed(t, "redis-server"), "--bind", "127.0.0.1", "--port", fmt.Sprint(s.addr.Port()), "--dir", dir,
		"--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024")
	eventually(t, "the server reads its data", func() bool {
		spec := whatever
		spec.Timeout = patience
		return prober().Probe(t.Context(), "", &spec, at(slow.addr)).Reason == model.ProbeNotServing
	})
	down(t, prober(), whatever, at(slow.addr), model.ProbeNotServing, "LOADING")
}

// TestRedisAnswers: what a real server says at times that a test does not wait for.
func TestRedisAnswers(t *testing.T) {
	primary := model.Probe{Kind: model.ProbeRedis, Role: model.RolePrimary}
	rows := []struct{ name, ping, role, reason, word string }{
		{"loading", "-LOADING Redis is loading the dataset in memory\r\n", "", model.ProbeNotServing, "LOADING"},
		{"busy", "-BUSY Redis is busy running a script.\r\n", "", model.ProbeNotServing, "BUSY"},
		{"the disk is full", "-MISCONF Redis is configured to save RDB snapshots\r\n", "", model.ProbeNotServing, "MISCONF"},
		{"protected", "-DENIED Redis is running in protected mode\r\n", "", model.ProbeNotServing, "protected mode"},
		{"another answer", "+OK\r\n", "", model.ProbeProtocol, "PONG"},
		{"a string", "$4\r\nPONG\r\n", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n", "", ""},
		{"a sentinel", "+PONG\r\n", "*2\r\n$8\r\nsentinel\r\n*1\r\n$2\r\ndb\r\n", model.ProbeProtocol, "Sentinel"},
		{"no role", "+PONG\r\n", "*0\r\n", model.ProbeProtocol, "role"},
		{"a role that is no array", "+PONG\r\n", "+master\r\n", model.ProbeProtocol, "role"},
		{"a role that is no more", "+PONG\r\n", "-ERR unknown command 'ROLE'\r\n", model.ProbeNotServing, "unknown command"},
		{"many replicas", "+PONG\r\n", "*3\r\n$6\r\nmaster\r\n:12\r\n*500\r\n" + strings.Repeat("*3\r\n$9\r\n127.0.0.1\r\n$4\r\n9001\r\n$10\r\n3129242000\r\n", 500), "", ""},
		{"arrays in arrays", "+PONG\r\n", strings.Repeat("*1\r\n", 100), model.ProbeProtocol, "Redis"},
		{"an array of very many", "+PONG\r\n", "*2000000000\r\n", model.ProbeProtocol, "Redis"},
		{"a very long string", "$2000000000\r\n", "", model.ProbeProtocol, "Redis"},
		{"a string that is longer than it says", "$3\r\nPONG\r\n", "", model.ProbeProtocol, "Redis"},
		{"a length that is none", "$x\r\n", "", model.ProbeProtocol, "Redis"},
		{"a very long line", "+" + strings.Repeat("x", 10000) + "\r\n", "", model.ProbeProtocol, "Redis"},
		{"no end of a line", "+PONG\n", "", model.ProbeProtocol, "Redis"},
		{"null", "$-1\r\n", "", model.ProbeProtocol, "PONG"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			addr := serveLines(t, row.ping, row.role)
			if row.reason == "" {
				up(t, prober(), primary, at(addr))
			} else {
				down(t, prober(), primary, at(addr), row.reason, row.word)
			}
		})
	}
}

// serveLines gives an answer to each command, whatever that is.
func serveLines(t *testing.T, answers ...string) netip.AddrPort {
	t.Helper()
	return serve(t, func(c *net.TCPConn) {
		for _, a := range answers {
			if _, err := c.Read(make([]byte, 1<<12)); err != nil {
				return
			}
			fmt.Fprint(c, a)
		}
		says("")(c)
	})
}
