package probe

import (
	"bytes"
	"io"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// recording says what was recorded, whatever it is told.
type recording struct{ io.Reader }

func (recording) Write(b []byte) (int, error) { return len(b), nil }

func record(b []byte) recording { return recording{bytes.NewReader(b)} }

// tellable fails the test unless what became of err can be told to a person, in one
// line that no terminal trips over.
func tellable(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	a := &attempt{spec: &model.Probe{Timeout: time.Second}, conn: new(conn)}
	f := a.explain(err)
	if f.reason == "" || f.says == "" || len([]rune(f.says)) > 3*trust.MaxQuote || !utf8.ValidString(f.says) {
		t.Fatalf("%s: %q", f.reason, f.says)
	}
	for _, r := range f.says {
		if !unicode.IsPrint(r) {
			t.Fatalf("%s: %q", f.reason, f.says)
		}
	}
}

// FuzzPostgres feeds a probe what a server may say until nobody has logged in.
func FuzzPostgres(f *testing.F) {
	for _, s := range []string{
		"R\x00\x00\x00\x08\x00\x00\x00\x00", "R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00",
		"E\x00\x00\x00\x30SFATAL\x00C57P03\x00Mthe database system is starting up\x00\x00",
		"N\x00\x00\x00\x06x\x00v\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00R\x00\x00\x00\x08\x00\x00\x00\x05abcd",
		"E\x00\x00\x00\x09C53\x00\x00", "Ecould not fork new process for connection: Resource temporarily unavailable\n\x00", "HTTP/1.1 400 Bad Request\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := accepts(bytes.NewReader(b))
		tellable(t, err)
		if err == nil && !bytes.ContainsAny(b, "RE") {
			t.Fatalf("%q says that somebody may log in", b)
		}
		has, err := offersTLS(record(b))
		tellable(t, err)
		if has != (len(b) > 0 && b[0] == 'S') {
			t.Fatalf("%q offers TLS: %v", b, has)
		}
		code, _ := postgresFields(b)
		if postgresClosed(code) && len(code) != 5 {
			t.Fatalf("the code %q", code)
		}
	})
}

// FuzzMySQL feeds a probe what a server may say, to somebody without a login and with
// one.
func FuzzMySQL(f *testing.F) {
	packets := func(all ...string) []byte {
		var b []byte
		for i, p := range all {
			b = append(append(b, byte(len(p)), byte(len(p)>>8), 0, byte(i)), p...)
		}
		return b
	}
	hello := string(mysqlHello(shaCaps, shaNonce, cachingSHA2))
	native := string(mysqlHello(shaCaps|mysqlSSL|mysqlAttributes, shaNonce, nativePassword))
	column, end := "\x03def\x00\x00\x00\x01x\x00\x0c\x2d\x00\x01\x00\x00\x00\xfd\x00\x00\x00\x00\x00", "\xfe\x00\x00\x02\x00"
	f.Add(packets(native, "\x00\x00\x00\x02\x00\x00\x00", "\x02", column, column, end, "\x010\x010", end))
	f.Add(packets(hello, "\x01\x03", "\x00\x00\x00\x02\x00\x00\x00", "\xff\xa9\x04#HY000Unknown system variable", "\x02", column, column, end, "\x02ON\xfb", end))
	f.Add(packets(hello, "\xfe"+nativePassword+"\x00"+shaNonce+"\x00", "\xff\x15\x04#28000Access denied"))
	f.Add(packets(hello, "\x01\x04", "\x01-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----\n"))
	f.Add(packets("\xff\x10\x04Too many connections"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tellable(t, (&mysqlSession{rw: record(b)}).knock())
		s := &mysqlSession{rw: record(b)}
		err := s.login(Login{User: "u", Password: secret}, "shop")
		tellable(t, err)
		if err == nil {
			_, err = s.readOnly()
			tellable(t, err)
		}
	})
}

// FuzzRedis feeds a probe what a server may say to AUTH, PING and ROLE.
func FuzzRedis(f *testing.F) {
	for _, s := range []string{
		"+PONG\r\n", "+OK\r\n+PONG\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n",
		"+OK\r\n+PONG\r\n*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:0\r\n",
		"+OK\r\n+PONG\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n9001\r\n$-1\r\n",
		"-WRONGPASS invalid username-password pair\r\n", "+OK\r\n-LOADING Redis is loading\r\n", "-NOAUTH x\r\n", "*-1\r\n", "$-1\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, role := range []model.Role{model.AnyRole, model.RolePrimary, model.RoleReplica} {
			a := &attempt{spec: &model.Probe{Role: role}}
			tellable(t, a.talkRedis(record(b), nil))
			tellable(t, a.talkRedis(record(b), &Login{User: "u", Password: secret}))
			primary := a.talkRedis(record(b), nil) == nil
			if primary && role == model.RolePrimary && !bytes.Contains(b, []byte("master")) {
				t.Fatalf("%q is a primary", b)
			}
		}
	})
}

// FuzzGRPC feeds a probe an answer to the question for its health.
func FuzzGRPC(f *testing.F) {
	f.Add("0", "", []byte("\x00\x00\x00\x00\x02\x08\x01"))
	f.Add("0", "", []byte("\x00\x00\x00\x00\x07\x12\x01x\x08\x02\x18\x05"))
	f.Add("14", "a%20b%zz\x1b", []byte{})
	f.Add("0", "", healthRequest("sound"))
	f.Add("5", "", []byte("\x00\x00\x00\x00\x0e\x09\x01\x02\x03\x04\x05\x06\x07\x08\x0d\x01\x02\x03\x04\x08\x01"))
	f.Fuzz(func(t *testing.T, code, message string, body []byte) {
		a := &attempt{spec: &model.Probe{HealthService: "sound"}}
		err := a.health(code, message, body)
		tellable(t, err)
		if status, failed := parseHealth(body); err == nil && (failed != nil || status != healthServing) {
			t.Fatalf("%q, %x serves", code, body)
		}
	})
}
