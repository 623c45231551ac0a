package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// postgresRole asks a server what it is. transaction_read_only is on in recovery,
// and where default_transaction_read_only is set for the server, the database or
// the user; it is spelled with its schema since a search_path may be anything.
const postgresRole = "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')"

// postgresLogin logs in and asks for the role.
func (a *attempt) postgresLogin(ctx context.Context) error {
	l, err := a.login(ctx)
	if err != nil {
		return err
	}
	c, err := a.dialPostgres(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	cfg, err := a.postgresConfig(c, l)
	if err != nil {
		return unable(model.ProbeCredentials, "was not asked: PostgreSQL's client cannot be set up, by the variables PG* perhaps: %s", trust.Clean(err.Error()))
	}
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return a.postgresRefusal(err, c)
	}
	results, err := conn.Exec(ctx, postgresRole).ReadAll()
	if err != nil {
		c.Close() // the driver would say good-bye to a server that is silent
		return a.postgresRefusal(err, c)
	}
	_ = conn.Close(ctx)
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != 2 {
		return fail(model.ProbeProtocol, "does not say its role as a PostgreSQL server does: is it one?")
	}
	row := results[0].Rows[0]
	return postgresIs(a.spec.Role, string(row[0]) == "t", string(row[1]) == "on", l.User)
}

func postgresIs(want model.Role, recovering, readOnly bool, user string) error {
	switch {
	case want == model.RolePrimary && recovering:
		return certainly(model.ProbeNotPrimary, "is a replica, not the primary: it is in recovery")
	case want == model.RolePrimary && readOnly:
		return certainly(model.ProbeNotPrimary, "is read-only: default_transaction_read_only is on, for the server, the database or the user %s", trust.Clean(user))
	case want == model.RoleReplica && !recovering:
		return certainly(model.ProbeNotReplica, "is a primary, not a replica: it is not in recovery")
	}
	return nil
}

// postgresConfig makes the driver use the connection c, and nothing of the
// environment but what cannot be kept from it.
func (a *attempt) postgresConfig(c net.Conn, l Login) (*pgconn.Config, error) {
	cfg, err := pgconn.ParseConfig("host=127.0.0.1 port=5432 user=- password=- database=- sslmode=disable " +
		"sslrootcert='' sslcert='' sslkey='' sslcertmode=allow target_session_attrs=any connect_timeout=0 " +
		"min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer require_auth='' sslnegotiation=postgres")
	if err != nil {
		return nil, err
	}
	cfg.User, cfg.Password, cfg.Database = l.User, l.Password, a.spec.Database
	if cfg.Database == "" {
		cfg.Database = maintenance
	}
	cfg.RuntimeParams = map[string]string{"application_name": agent}
	cfg.MaxProtocolMessageBodyLen = maxPostgresMessage
	if _, secure := c.(*tls.Conn); !secure {
		cfg.RequireAuth = "!password" // not in clear text
	}
	// What the driver dials for a second time is to cancel a query: the connection
	// is about to end, and the query with it.
	used := false
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		if used {
			return nil, net.ErrClosed
		}
		used = true
		return c, nil
	}
	return cfg, nil
}

// postgresRefusal says why nobody was let in, or why there was no answer.
func (a *attempt) postgresRefusal(err error, c net.Conn) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return a.postgresError(said)
	}
	_, secure := c.(*tls.Conn)
	switch text := err.Error(); {
	case strings.Contains(text, "require_auth") && !secure:
		return fail(model.ProbeAuthentication, "asks for the password in clear text, over a connection that is not encrypted, and does not get it: turn on ssl, or write scram-sha-256 in pg_hba.conf")
	case network(err):
		return err
	case strings.Contains(text, "SASL"), strings.Contains(text, "GSS"):
		return fail(model.ProbeAuthentication, "asks for a way to log in that a probe does not have: write scram-sha-256 in pg_hba.conf for its user")
	}
	return errNotPostgres()
}

// postgresError judges an error that the server sent.
func (a *attempt) postgresError(e *pgconn.PgError) error {
	says := trust.Clean(e.Message)
	switch {
	case postgresClosed(e.Code):
		return postgresShut(e.Code, e.Message)
	case strings.HasPrefix(e.Code, "28"):
		return fail(model.ProbeAuthentication, "does not take the login: %s (SQLSTATE %s)", says, trust.Clean(e.Code))
	case e.Code == "3D000", e.Code == "42501":
		return fail(model.ProbeAuthentication, "does not let the probe into its database: %s (SQLSTATE %s); name another in postgres.database", says, trust.Clean(e.Code))
	}
	return fail(model.ProbeNotServing, "does not answer the question for its role: %s (SQLSTATE %s)", says, trust.Clean(e.Code))
}
