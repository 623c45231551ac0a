package probe

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

const (
	// maxPostgresMessage is the length of an error at most, as in libpq, in octets.
	maxPostgresMessage = 30000
	// maxPostgresNotices is how many messages may come before the one that counts.
	maxPostgresNotices = 16
)

// accepts reads what a server says to a startup message: whether it accepts
// connections. Every request to authenticate says so, and every refusal of this
// user or database: others get in.
func accepts(r io.Reader) error {
	for range maxPostgresNotices {
		var head [5]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		size := binary.BigEndian.Uint32(head[1:])
		if head[0] == 'E' && (size < 8 || size > maxPostgresMessage) {
			return ancient(head[1:], r)
		}
		if size < 4 || size > maxPostgresMessage {
			return errNotPostgres()
		}
		switch head[0] {
		case 'R': // authentication, of whatever kind
			return nil
		case 'E', 'N', 'v': // error, notice, "I know minor version 0"
			body := make([]byte, size-4)
			if _, err := io.ReadFull(r, body); err != nil {
				return err
			}
			if head[0] == 'E' {
				code, message := postgresFields(body)
				if len(code) != 5 {
					return errNotPostgres()
				}
				if postgresClosed(code) {
					return postgresShut(code, message)
				}
				return nil
			}
		default:
			return errNotPostgres()
		}
	}
	return errNotPostgres()
}

// ancient reads an error in the form before version 3, a text: so a server says
// that it cannot start a process for a connection.
func ancient(begun []byte, r io.Reader) error {
	rest, err := io.ReadAll(io.LimitReader(r, trust.MaxQuote))
	text, _, ended := bytes.Cut(append(begun, rest...), []byte{0})
	if err != nil && !ended {
		return err
	}
	if !ended {
		return errNotPostgres()
	}
	return fail(model.ProbeNotServing, "does not let clients in: %s", trust.Clean(string(text)))
}

// postgresFields are the SQLSTATE and the message of an error.
func postgresFields(body []byte) (code, message string) {
	for len(body) > 0 && body[0] != 0 {
		value, rest, ok := bytes.Cut(body[1:], []byte{0})
		if !ok {
			return code, message
		}
		switch body[0] {
		case 'C':
			code = string(value)
		case 'M':
			message = string(value)
		}
		body = rest
	}
	return code, message
}

// postgresClosed reports whether an error says that nobody gets in
// (www.postgresql.org/docs/current/errcodes-appendix.html).
func postgresClosed(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", // the server stops, has crashed, starts
		"58030", "58P01", "XX001": // its disk fails, its files are gone, or broken
		return true
	}
	return len(code) == 5 && strings.HasPrefix(code, "53") // too many connections, disk full, out of memory
}

func postgresShut(code, message string) error {
	return fail(model.ProbeNotServing, "does not let clients in: %s (SQLSTATE %s)", trust.Clean(message), trust.Clean(code))
}
