package probe

import (
	"context"
	"net"

	"fairlead.dev/internal/model"
)

// mysql succeeds when a MySQL or MariaDB server lets clients begin; with a login
// and a role, when the server has that role.
func (a *attempt) mysql(ctx context.Context) error {
	l := Login{User: agent}
	if !a.anonymous() {
		var err error
		if l, err = a.login(ctx); err != nil {
			return err
		}
	}
	c, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	s := &mysqlSession{rw: c}
	if a.anonymous() {
		return s.knock()
	}
	s.encrypt = func() (net.Conn, error) { return a.encrypt(c) }
	if err := s.login(l, a.spec.Database); err != nil {
		return err
	}
	readOnly, err := s.readOnly()
	if err != nil {
		return err
	}
	s.quit()
	return mysqlIs(a.spec.Role, readOnly)
}

func mysqlIs(want model.Role, readOnly bool) error {
	switch {
	case want == model.RolePrimary && readOnly:
		return certainly(model.ProbeNotPrimary, "is read-only, so not the primary: read_only or innodb_read_only is on")
	case want == model.RoleReplica && !readOnly:
		return certainly(model.ProbeNotReplica, "takes writes, so is no replica: read_only is off")
	}
	return nil
}

// knock finds out whether a server lets clients begin, without a login. The
// server's greeting alone would say so, but who hangs up on it is counted: after
// max_connect_errors of them (100) the server shuts its host out, and whoever has
// the same address to it, the clients of the service perhaps. So it is an attempt
// to log in as somebody who is not there, of which a server thinks nothing. Where
// that user exists, without a password, there is no error in its log either.
func (s *mysqlSession) knock() error {
	g, err := s.greeting()
	if err != nil {
		return err
	}
	if err := s.send(s.response(g, Login{User: agent}, nil, "")); err != nil {
		return err
	}
	for range maxAuthRounds {
		p, err := s.receive()
		if err != nil {
			return err
		}
		switch p[0] {
		case mysqlOK:
			s.quit()
			return nil
		case mysqlErr:
			if code, message := parseMySQLError(p); mysqlShut(code) {
				return mysqlShutSays(code, message)
			}
			return nil
		case mysqlEOF, mysqlMore:
			if err := s.send(nil); err != nil { // no password
				return err
			}
		default:
			return errNotMySQL()
		}
	}
	return errNotMySQL()
}

// mysqlReadOnly asks whether a server takes writes: super_read_only implies
// read_only, and a replica that shares its primary's storage has innodb_read_only.
const (
	mysqlReadOnly       = "SELECT @@global.read_only, @@global.innodb_read_only"
	mysqlReadOnlyNoInno = "SELECT @@global.read_only, 0"
	mysqlUnknownVar     = 1193
)

func (s *mysqlSession) readOnly() (bool, error) {
	row, code, err := s.query(mysqlReadOnly)
	if code == mysqlUnknownVar {
		row, _, err = s.query(mysqlReadOnlyNoInno)
	}
	if err != nil {
		return false, err
	}
	return on(row[0]) || on(row[1]), nil
}

// on reads a variable: 0 and 1, or from MariaDB 12 on OFF and other words.
func on(value string) bool { return value != "" && value != "0" && value != "OFF" }
