package probe

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"

	"fairlead.dev/internal/model"
)

// maintenance is the database that every server has.
const maintenance = "postgres"

// postgres succeeds when a server accepts connections, as pg_isready has it; with
// a login and a role, when the server has that role.
func (a *attempt) postgres(ctx context.Context) error {
	if !a.anonymous() {
		return a.postgresLogin(ctx)
	}
	c, err := a.dialPostgres(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	// Nobody logs in: the server asks for a password, and the conversation ends.
	// Where it asks for none it logs that there is no such user, as of pg_isready.
	if _, err := c.Write(postgresStartup(agent, maintenance)); err != nil {
		return err
	}
	return accepts(c)
}

// dialPostgres connects by TLS if the server has it, else without, as libpq's
// sslmode=prefer: a server that takes TLS only logs every attempt without. What
// does not get through the handshake tries without, too.
func (a *attempt) dialPostgres(ctx context.Context) (net.Conn, error) {
	c, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	has, err := offersTLS(c)
	if err != nil {
		c.Close()
		return nil, err
	}
	if !has {
		return c, nil
	}
	secure, err := a.encrypt(c)
	if err == nil {
		return secure, nil
	}
	c.Close()
	if network(err) {
		return nil, err
	}
	return a.dial(ctx)
}

// The codes that a first message has in place of a version
// (www.postgresql.org/docs/current/protocol-message-formats.html).
const (
	version3   = 3 << 16
	sslRequest = 1234<<16 | 5679
)

// offersTLS asks a server whether it has TLS. The reply is one octet; anything
// after it would be of an attacker's making (CVE-2021-23222), and is not read.
func offersTLS(c io.ReadWriter) (bool, error) {
	if _, err := c.Write(first(sslRequest, nil)); err != nil {
		return false, err
	}
	var reply [1]byte
	if _, err := io.ReadFull(c, reply[:]); err != nil {
		return false, err
	}
	switch reply[0] {
	case 'S':
		return true, nil
	case 'N':
		return false, nil
	case 'E': // the server could not start a process for us, or is none of this century
		return false, accepts(io.MultiReader(strings.NewReader("E"), c))
	}
	return false, errNotPostgres()
}

func errNotPostgres() error {
	return fail(model.ProbeProtocol, "does not answer as a PostgreSQL server: is it the right port?")
}

// first is a message of those that begin a conversation.
func first(code uint32, rest []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(rest)))
	return append(binary.BigEndian.AppendUint32(b, code), rest...)
}

func postgresStartup(user, database string) []byte {
	words := []string{"user", user, "database", database, "application_name", agent, ""}
	return first(version3, []byte(strings.Join(words, "\x00")+"\x00"))
}
