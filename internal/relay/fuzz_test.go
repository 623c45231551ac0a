package relay

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// script is a client that has said all that it will say, and hears the answers.
type script struct {
	net.Conn
	says  *bytes.Reader
	hears bytes.Buffer
}

func (s *script) Read(b []byte) (int, error)       { return s.says.Read(b) }
func (s *script) Write(b []byte) (int, error)      { return s.hears.Write(b) }
func (s *script) Close() error                     { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// FuzzHearPostgres: whatever a client says before it logs in, nothing of what is the
// session's own is lost or made up, and requests for encryption get one octet each.
func FuzzHearPostgres(f *testing.F) {
	startup := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, 3<<16)
	f.Add(postgresRequest(sslRequest), true)
	f.Add(append(postgresRequest(gssEncRequest), postgresRequest(sslRequest)...), true)
	f.Add(append(postgresRequest(sslRequest), startup...), false)
	f.Add([]byte{22, 3, 1}, true)
	f.Add(startup, false)
	f.Fuzz(func(t *testing.T, said []byte, offer bool) {
		c := &script{says: bytes.NewReader(said)}
		secure, first, err := hearPostgres(c, offer)
		if err != nil {
			return
		}
		if secure && !offer {
			t.Fatal("TLS comes next, and there is no certificate")
		}
		rest, _ := io.ReadAll(c.says)
		asked := c.hears.Len() * 8
		if got := append(first, rest...); asked > len(said) || !bytes.Equal(got, said[asked:]) {
			t.Errorf("after %d requests %q is left of %q", c.hears.Len(), got, said)
		}
		for _, answer := range c.hears.Bytes() {
			if answer != 'N' && answer != 'S' {
				t.Errorf("a request was answered %q", answer)
			}
		}
	})
}

// FuzzPeek: what was read of a ClientHello goes on as it was, and has an end.
func FuzzPeek(f *testing.F) {
	f.Add([]byte{22, 3, 1, 0, 5, 1, 0, 0, 1, 0})
	f.Fuzz(func(t *testing.T, said []byte) {
		c := &script{says: bytes.NewReader(said)}
		hello, read, err := peek(c)
		if (hello == nil) == (err == nil) {
			t.Fatalf("hello is %v, the error %v", hello, err)
		}
		if !bytes.HasPrefix(said, read) {
			t.Errorf("read is %q of %q", read, said)
		}
		if c.hears.Len() > 0 {
			t.Errorf("the client was told %q", c.hears.Bytes())
		}
	})
}
