package probe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"fairlead.dev/internal/model"
)

// maxMySQLPacket is how long a packet may be, in octets: more than any that a probe
// is answered with.
const maxMySQLPacket = 32 << 10

// What a packet begins with that ends an exchange
// (dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html).
const (
	mysqlOK   = 0x00
	mysqlMore = 0x01 // AuthMoreData
	mysqlEOF  = 0xfe // also AuthSwitchRequest
	mysqlErr  = 0xff
)

// The capabilities that a probe has.
const (
	mysqlLongPassword = 1 << 0
	mysqlWithDatabase = 1 << 3
	mysqlProtocol41   = 1 << 9
	mysqlSSL          = 1 << 11
	mysqlTransactions = 1 << 13
	mysqlSecure       = 1 << 15
	mysqlPluginAuth   = 1 << 19
	mysqlAttributes   = 1 << 20
)

var errMySQL = errors.New("not a packet of MySQL")

func errNotMySQL() error {
	return fail(model.ProbeProtocol, "does not answer as a MySQL server: is it the right port?")
}

// readMySQLPacket reads a packet that has one octet at least.
func readMySQLPacket(r io.Reader) (payload []byte, seq byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, 0, err
	}
	size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if size == 0 || size > maxMySQLPacket {
		return nil, 0, errMySQL
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	return payload, head[3], err
}

// mysqlGreeting is what a server begins with.
type mysqlGreeting struct {
	caps   uint32
	nonce  []byte
	plugin string
}

// parseMySQLGreeting reads a greeting of protocol 10, which servers from 4.1 on have.
func parseMySQLGreeting(p []byte) (mysqlGreeting, error) {
	var g mysqlGreeting
	const version = 10
	if p[0] != version {
		return g, errMySQL
	}
	_, p, ok := bytes.Cut(p[1:], []byte{0})
	const fixed = 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10
	if !ok || len(p) < fixed {
		return g, errMySQL
	}
	g.nonce = append(g.nonce, p[4:12]...)
	g.caps = uint32(binary.LittleEndian.Uint16(p[13:])) | uint32(binary.LittleEndian.Uint16(p[18:]))<<16
	if g.caps&mysqlProtocol41 == 0 || g.caps&mysqlSecure == 0 {
		return g, errMySQL
	}
	rest := max(13, int(p[20])-8) // of the nonce, with a zero at its end
	if p = p[fixed:]; len(p) < rest {
		return g, errMySQL
	}
	g.nonce = append(g.nonce, p[:rest-1]...)
	name, _, _ := bytes.Cut(p[rest:], []byte{0})
	g.plugin = string(name)
	return g, nil
}

// parseMySQLError reads an ERR packet. The SQLSTATE is left out, as it is by servers
// that have not greeted yet.
func parseMySQLError(p []byte) (code uint16, message string) {
	if len(p) < 3 {
		return 0, ""
	}
	code, p = binary.LittleEndian.Uint16(p[1:]), p[3:]
	if len(p) >= 6 && p[0] == '#' {
		p = p[6:]
	}
	return code, string(p)
}

// parseMySQLSwitch reads an AuthSwitchRequest: another method, with a nonce. The
// one of before 4.1 has no name.
func parseMySQLSwitch(p []byte) (plugin string, nonce []byte, err error) {
	if len(p) == 1 {
		return "mysql_old_password", nil, nil
	}
	name, nonce, ok := bytes.Cut(p[1:], []byte{0})
	if !ok {
		return "", nil, errMySQL
	}
	return string(name), bytes.TrimSuffix(nonce, []byte{0}), nil
}

// parseMySQLRow reads a row of n strings. NULL is empty.
func parseMySQLRow(p []byte, n int) ([]string, error) {
	var row []string
	for range n {
		if len(p) == 0 {
			return nil, errMySQL
		}
		const null, longest = 0xfb, 0xfa
		size := int(p[0])
		p = p[1:]
		if size == null {
			size = 0
		}
		if size > longest || size > len(p) {
			return nil, errMySQL
		}
		row, p = append(row, string(p[:size])), p[size:]
	}
	return row, nil
}
