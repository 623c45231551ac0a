// Command vitess is Vitess' MySQL server, with nothing behind it but whether it is
// read-only, for the tests of internal/probe: it logs users in by
// caching_sha2_password, which MariaDB does not have. It is a module of its own.
//
// The user remembered is known by the hash of the password, as after a login; of
// forgotten it wants to see the password. It serves on loopback, prints its address,
// and ends with its standard input.
package main

import (
	"crypto/subtle"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"vitess.io/vitess/go/mysql"
	"vitess.io/vitess/go/mysql/replication"
	"vitess.io/vitess/go/mysql/sqlerror"
	"vitess.io/vitess/go/sqltypes"
	querypb "vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/vtenv"
)

func main() {
	cert := flag.String("cert", "", "file of the certificate; none means no TLS")
	key := flag.String("key", "", "file of its key")
	password := flag.String("password", "", "of every user")
	readOnly := flag.String("read-only", "0", "the variable of that name")
	noInno := flag.Bool("no-innodb", false, "do not know innodb_read_only")
	flag.Parse()
	if err := run(*cert, *key, users{*password}, &handler{readOnly: *readOnly, noInno: *noInno}); err != nil {
		fmt.Fprintln(os.Stderr, "vitess:", err)
		os.Exit(1)
	}
}

func run(cert, key string, u users, h *handler) error {
	h.env = vtenv.NewTestEnv()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	l, err := mysql.NewFromListener(ln, u, h, 0, 0, false, false, 0, 0, false)
	if err != nil {
		return err
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		l.TLSConfig.Store(&tls.Config{Certificates: []tls.Certificate{pair}})
	}
	fmt.Println(ln.Addr())
	go l.Accept()
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

// users know each other's password.
type users struct{ password string }

func (u users) AuthMethods() []mysql.AuthMethod {
	return []mysql.AuthMethod{mysql.NewSha2CachingAuthMethod(u, u, u)}
}

func (u users) DefaultAuthMethodDescription() mysql.AuthMethodDescription {
	return mysql.CachingSha2Password
}

func (u users) HandleUser(string) bool { return true }

func (u users) UserEntryWithCacheHash(_ *mysql.Conn, salt []byte, user string, proof []byte, _ net.Addr) (mysql.Getter, mysql.CacheState, error) {
	want := mysql.ScrambleCachingSha2Password(salt, []byte(u.password))
	switch {
	case user == "forgotten":
		return nil, mysql.AuthNeedMoreData, nil
	case user == "remembered" && subtle.ConstantTimeCompare(proof, want) == 1:
		return getter{}, mysql.AuthAccepted, nil
	}
	return nil, mysql.AuthRejected, nil
}

func (u users) UserEntryWithPassword(_ *mysql.Conn, user, password string, _ net.Addr) (mysql.Getter, error) {
	if password != u.password {
		return nil, sqlerror.NewSQLErrorf(sqlerror.ERAccessDeniedError, sqlerror.SSAccessDeniedError, "Access denied for user '%s'", user)
	}
	return getter{}, nil
}

type getter struct{}

func (getter) Get() *querypb.VTGateCallerID { return &querypb.VTGateCallerID{} }

// handler answers the one question.
type handler struct {
	mysql.UnimplementedHandler
	readOnly string
	noInno   bool
	env      *vtenv.Environment
}

func (h *handler) ComQuery(_ *mysql.Conn, query string, callback func(*sqltypes.Result) error) error {
	if h.noInno && strings.Contains(query, "innodb_read_only") {
		return sqlerror.NewSQLErrorf(sqlerror.ERUnknownSystemVariable, sqlerror.SSUnknownSQLState, "Unknown system variable 'innodb_read_only'")
	}
	if !strings.HasPrefix(query, "SELECT @@global.read_only") {
		return sqlerror.NewSQLErrorf(sqlerror.ERUnknownError, sqlerror.SSUnknownSQLState, "no answer to %s", query)
	}
	return callback(sqltypes.MakeTestResult(sqltypes.MakeTestFields("read_only|innodb_read_only", "varchar|varchar"), h.readOnly+"|0"))
}

func (h *handler) ComQueryMulti(c *mysql.Conn, query string, callback func(qr sqltypes.QueryResponse, more, first bool) error) error {
	return h.ComQuery(c, query, func(r *sqltypes.Result) error {
		return callback(sqltypes.QueryResponse{QueryResult: r}, false, true)
	})
}

func (h *handler) ComPrepare(*mysql.Conn, string) ([]*querypb.Field, uint16, error) {
	return nil, 0, nil
}

func (h *handler) ComStmtExecute(*mysql.Conn, *mysql.PrepareData, func(*sqltypes.Result) error) error {
	return nil
}

func (h *handler) ComRegisterReplica(*mysql.Conn, string, uint16, string, string) error { return nil }

func (h *handler) ComBinlogDump(*mysql.Conn, string, uint32) error { return nil }

func (h *handler) ComBinlogDumpGTID(*mysql.Conn, string, uint64, replication.GTIDSet, uint16) error {
	return nil
}

func (h *handler) WarningCount(*mysql.Conn) uint16 { return 0 }

func (h *handler) Env() *vtenv.Environment { return h.env }
