package traffic

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// session is a connection that speaks PostgreSQL's protocol, version 3, as far as
// a trusted client needs it: startup and simple queries.
type session struct {
	conn net.Conn
}

// serverError is what a server complains about.
type serverError struct {
	code    string // SQLSTATE
	message string
}

func (e *serverError) Error() string { return e.code + " " + e.message }

// startup begins a session and returns once the server is ready for queries.
func startup(conn net.Conn, user, database string) (*session, error) {
	body := binary.BigEndian.AppendUint32(nil, 3<<16)
	for _, word := range []string{"user", user, "database", database, "application_name", "traffic", ""} {
		body = append(append(body, word...), 0)
	}
	s := &session{conn: conn}
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(4+len(body))), body...)); err != nil {
		return nil, err
	}
	_, err := s.answer()
	return s, err
}

// query returns the columns of the last row, as text.
func (s *session) query(sql string) ([]string, error) {
	body := append([]byte(sql), 0)
	head := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(4+len(body)))
	if _, err := s.conn.Write(append(head, body...)); err != nil {
		return nil, err
	}
	return s.answer()
}

// answer reads until the server is ready for the next query, or has ended the
// session with an error.
func (s *session) answer() (row []string, err error) {
	for {
		kind, body, broken := s.message()
		if broken != nil {
			if err != nil {
				return nil, err // a FATAL error, after which the connection is closed
			}
			return nil, broken
		}
		switch kind {
		case 'Z':
			return row, err
		case 'E':
			err = complaint(body)
		case 'D':
			row = columns(body)
		case 'R':
			if n := binary.BigEndian.Uint32(body); n != 0 {
				return nil, fmt.Errorf("the server asks for a password (authentication %d); use a role that is trusted", n)
			}
		}
	}
}

func (s *session) message() (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(s.conn, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n < 4 || n > 1<<20 {
		return 0, nil, fmt.Errorf("a message of %d bytes is none of PostgreSQL's", n)
	}
	body = make([]byte, n-4)
	_, err = io.ReadFull(s.conn, body)
	return head[0], body, err
}

// complaint reads an ErrorResponse: fields of a letter and a text.
func complaint(body []byte) *serverError {
	e := &serverError{}
	for _, field := range bytes.Split(body, []byte{0}) {
		if len(field) == 0 {
			continue
		}
		switch text := string(field[1:]); field[0] {
		case 'C':
			e.code = text
		case 'M':
			e.message = text
		}
	}
	return e
}

// columns reads a DataRow. Nothing that is asked for here is null.
func columns(body []byte) []string {
	var all []string
	for rest := body[2:]; len(rest) >= 4; {
		n := binary.BigEndian.Uint32(rest)
		all = append(all, string(rest[4:4+n]))
		rest = rest[4+n:]
	}
	return all
}

// close ends the session in order, so that the server frees its place at once.
func (s *session) close() {
	_, _ = s.conn.Write([]byte{'X', 0, 0, 0, 4}) // a server that is gone needs no goodbye
	s.conn.Close()
}
