package resolve

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/miekg/dns"
)

const (
	// headerSize is that of a message without any section (RFC 1035 section 4.1.1).
	headerSize = 12
	// accepted is the size of a reply by UDP that is read: some servers know no limit.
	accepted = 4096
)

// datagrams reads replies by UDP.
func datagrams(conn io.Reader) func() ([]byte, error) {
	buf := make([]byte, accepted)
	return func() ([]byte, error) {
		n, err := conn.Read(buf)
		return buf[:n], err
	}
}

// stream reads replies by TCP, each behind its length.
func stream(conn io.Reader) func() ([]byte, error) {
	return func() ([]byte, error) {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return nil, err
		}
		reply := make([]byte, binary.BigEndian.Uint16(size[:]))
		_, err := io.ReadFull(conn, reply)
		return reply, err
	}
}

// parse reads a reply to query. One that is damaged behind its question is given as a
// truncated one without records.
func parse(wire []byte, query *dns.Msg) (*dns.Msg, error) {
	if len(wire) < headerSize {
		return nil, errors.New("sends what is no DNS message")
	}
	msg := new(dns.Msg)
	damaged := msg.Unpack(wire) != nil
	if !answers(msg, query) {
		return nil, errors.New("sends a reply to another question, or what is no DNS message")
	}
	// Records that the header counts and that are not there are no error to Unpack.
	damaged = damaged || int(binary.BigEndian.Uint16(wire[6:])) != len(msg.Answer) ||
		int(binary.BigEndian.Uint16(wire[8:])) != len(msg.Ns)
	if damaged {
		msg.Truncated, msg.Answer, msg.Ns, msg.Extra = true, nil, nil, nil
	}
	return msg, nil
}

// answers reports whether msg is a reply to query. A server that repeats no
// question has none that could differ.
func answers(msg, query *dns.Msg) bool {
	if !msg.Response || msg.Id != query.Id {
		return false
	}
	if len(msg.Question) == 0 {
		return msg.Rcode != dns.RcodeSuccess
	}
	m, q := msg.Question[0], query.Question[0]
	return m.Qtype == q.Qtype && m.Qclass == q.Qclass && strings.EqualFold(m.Name, q.Name)
}
