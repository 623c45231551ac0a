package probe

import (
	"encoding/binary"
	"errors"
	"io"
	"net"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// mysqlSession is a conversation with a MySQL server.
type mysqlSession struct {
	rw  io.ReadWriter
	seq byte
	// encrypt gives rw speaking TLS. nil is for those who have nothing to hide.
	encrypt func() (net.Conn, error)
	secure  bool
}

// receive reads a packet. A server says out of turn that it stops, so its number
// is not held against it.
func (s *mysqlSession) receive() ([]byte, error) {
	p, seq, err := readMySQLPacket(s.rw)
	if errors.Is(err, errMySQL) {
		return nil, errNotMySQL()
	}
	s.seq = seq + 1
	return p, err
}

// send writes a packet.
func (s *mysqlSession) send(payload []byte) error {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))
	b[3] = s.seq
	s.seq++
	_, err := s.rw.Write(append(b, payload...))
	return err
}

// greeting reads what a server begins with. An error there is for everybody.
func (s *mysqlSession) greeting() (mysqlGreeting, error) {
	p, err := s.receive()
	if err != nil {
		return mysqlGreeting{}, err
	}
	if p[0] == mysqlErr {
		return mysqlGreeting{}, mysqlShutSays(parseMySQLError(p))
	}
	g, err := parseMySQLGreeting(p)
	if err != nil {
		return g, errNotMySQL()
	}
	return g, nil
}

// head is what the requests for TLS and for a login begin with.
func (s *mysqlSession) head(caps uint32) []byte {
	const utf8mb4 = 45
	b := binary.LittleEndian.AppendUint32(nil, caps)
	b = binary.LittleEndian.AppendUint32(b, maxMySQLPacket)
	b = append(b, utf8mb4)
	return append(b, make([]byte, 23)...)
}

func (s *mysqlSession) caps(g mysqlGreeting, database string) uint32 {
	caps := uint32(mysqlLongPassword | mysqlProtocol41 | mysqlTransactions | mysqlSecure)
	caps |= g.caps & (mysqlPluginAuth | mysqlAttributes)
	if database != "" {
		caps |= mysqlWithDatabase
	}
	if s.secure {
		caps |= mysqlSSL
	}
	return caps
}

// response asks for a login: a HandshakeResponse41.
func (s *mysqlSession) response(g mysqlGreeting, l Login, proof []byte, database string) []byte {
	caps := s.caps(g, database)
	b := append(append(s.head(caps), l.User...), 0)
	b = append(append(b, byte(len(proof))), proof...)
	if database != "" {
		b = append(append(b, database...), 0)
	}
	if caps&mysqlPluginAuth != 0 {
		b = append(append(b, g.plugin...), 0)
	}
	if caps&mysqlAttributes != 0 {
		const key = "program_name"
		pair := append([]byte{byte(len(key))}, key...)
		pair = append(append(pair, byte(len(agent))), agent...)
		b = append(append(b, byte(len(pair))), pair...)
	}
	return b
}

// query returns the one row of two columns that a question is answered with, or
// the number of the error.
func (s *mysqlSession) query(text string) (row []string, code uint16, err error) {
	const comQuery, columns = 3, 2
	s.seq = 0
	if err := s.send(append([]byte{comQuery}, text...)); err != nil {
		return nil, 0, err
	}
	// The number of columns, each column, EOF, the row, EOF.
	for i := range 1 + columns + 1 + 1 + 1 {
		p, err := s.receive()
		if err != nil {
			return nil, 0, err
		}
		if p[0] == mysqlErr {
			code, message := parseMySQLError(p)
			return nil, code, mysqlRefusal(code, message)
		}
		end := p[0] == mysqlEOF && len(p) < 9
		switch {
		case i == 0 && (len(p) != 1 || p[0] != columns), end != (i == 1+columns || i == 1+columns+2):
			return nil, 0, errNotMySQL()
		case i == 1+columns+1:
			if row, err = parseMySQLRow(p, columns); err != nil {
				return nil, 0, errNotMySQL()
			}
		}
	}
	return row, 0, nil
}

// quit says good-bye, so that the server logs no lost connection.
func (s *mysqlSession) quit() {
	const comQuit = 1
	s.seq = 0
	_ = s.send([]byte{comQuit})
}

// mysqlShut reports whether an error says that nobody gets in.
func mysqlShut(code uint16) bool {
	switch code {
	case 1021, // disk full
		1037, 1038, 1041, // out of memory
		1040, 1203, 1226, // too many connections: of all, of the user, in an hour
		1047,                   // a node of Galera that is not in its cluster
		1053, 1079, 1077, 1078, // the server stops
		1129, 1130, // the host is shut out, or may not connect
		1135,       // no thread for the connection
		1927, 3032, // connection killed, offline mode
		3168, 3169: // not available, session killed
		return true
	}
	return false
}

func mysqlShutSays(code uint16, message string) error {
	return fail(model.ProbeNotServing, "does not let clients in: %s (error %d)", trust.Clean(message), code)
}

// mysqlRefusal judges an error to a login or a question.
func mysqlRefusal(code uint16, message string) error {
	switch {
	case mysqlShut(code):
		return mysqlShutSays(code, message)
	case code == 1044, code == 1049: // access to the database denied, no such database
		return fail(model.ProbeAuthentication, "does not let the probe into its database: %s (error %d); name another in mysql.database", trust.Clean(message), code)
	case code == 1045, code == 1698, code == 1251, code == 1524, code == 1820, code == 1862, code == 3118, code == 3159, code == 4151:
		return fail(model.ProbeAuthentication, "does not take the login: %s (error %d)", trust.Clean(message), code)
	}
	return fail(model.ProbeNotServing, "answers the login or the question for its role with an error: %s (error %d)", trust.Clean(message), code)
}
