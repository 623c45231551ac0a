package probe

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// DefaultExpiryWarning is how long before a certificate expires there is a warning.
const DefaultExpiryWarning = 14 * 24 * time.Hour

// agent is what servers are told that asks them: HTTP's user agent, PostgreSQL's
// application_name, MySQL's program_name, and the user where there is no login.
const agent = "fairlead-probe"

// Login is who logs in to a server. An empty User is the server's default one,
// where it has such a thing (Redis).
type Login struct {
	User, Password string
}

// Prober probes. It is safe for concurrent use; its fields are not changed once it
// is used.
type Prober struct {
	// Credentials returns what the Secret of that name holds. Its error is for a
	// person, and makes the result inconclusive. nil means that there are none to be
	// had.
	Credentials func(ctx context.Context, namespace, name string) (Login, error)
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Roots are the authorities that are trusted where a probe names none. Defaults
	// to the machine's.
	Roots *x509.CertPool
	// ExpiryWarning is how long before a certificate expires the result has a
	// warning. Defaults to DefaultExpiryWarning; negative means never.
	ExpiryWarning time.Duration
}

// Probe asks the endpoint c once, as spec says, for a service in that namespace.
// It takes no longer than spec.Timeout. Whatever goes wrong is in the result.
func (p *Prober) Probe(ctx context.Context, namespace string, spec *model.Probe, c model.Check) model.Result {
	r := model.Result{Check: c, Began: p.now()}
	timed, cancel := context.WithTimeout(ctx, spec.Timeout)
	defer cancel()

	a := &attempt{Prober: p, namespace: namespace, spec: spec, check: c}
	err := a.run(timed)
	r.Took = p.now().Sub(r.Began)
	if err == nil {
		r.Up, r.Warning = true, a.warning
		return r
	}
	f := a.explain(err)
	if ctx.Err() != nil {
		f = &failure{reason: model.ProbeTimeout, inconclusive: true, says: "was not asked to the end: the probe was called off"}
	}
	says := f.says
	if f.reason == model.ProbeAuthentication && a.lineBreak {
		says += "; the Secret's user or password ends in a line break: make it with printf or --from-literal, and not of a file with a last line"
	}
	r.Reason, r.Detail, r.Certain, r.Inconclusive = f.reason, c.Addr.String()+" "+says, f.certain, f.inconclusive
	return r
}

func (p *Prober) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// attempt is one probe under way.
type attempt struct {
	*Prober
	namespace string
	spec      *model.Probe
	check     model.Check
	// conn is the latest connection; nil until the endpoint has taken one.
	conn *conn
	// warning is that of the result.
	warning string
	// lineBreak says that the login ends in one, as a file does that a Secret is made of.
	lineBreak bool
}

// run probes. A panic, of a server's making perhaps, is one endpoint's trouble.
func (a *attempt) run(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fail(model.ProbeProtocol, "gave an answer that the probe broke on, which is a fault of the probe: please report it: %s", trust.Clean(fmt.Sprint(v)))
		}
	}()
	switch a.spec.Kind {
	case model.ProbeTCP:
		return a.tcp(ctx)
	case model.ProbeTLS:
		return a.tls(ctx)
	case model.ProbeHTTP:
		return a.http(ctx)
	case model.ProbeGRPC:
		return a.grpc(ctx)
	case model.ProbePostgres:
		return a.postgres(ctx)
	case model.ProbeMySQL:
		return a.mysql(ctx)
	case model.ProbeRedis:
		return a.redis(ctx)
	}
	return unable(model.ProbeProtocol, "was not asked: there is no probe of kind %q", a.spec.Kind)
}

// anonymous reports whether the probe goes without a login.
func (a *attempt) anonymous() bool {
	return a.spec.Role == model.AnyRole && a.spec.Credentials == ""
}

// login returns what the probe logs in with.
func (a *attempt) login(ctx context.Context) (Login, error) {
	if a.spec.Credentials == "" {
		return Login{}, unable(model.ProbeCredentials, "was not asked for its role, which takes a login: name a Secret in credentialsSecretRef")
	}
	if a.Credentials == nil {
		return Login{}, unable(model.ProbeCredentials, "was not asked: there are no Secrets to be had here")
	}
	l, err := a.Credentials(ctx, a.namespace, a.spec.Credentials)
	if err != nil {
		return Login{}, unable(model.ProbeCredentials, "was not asked: %w", err)
	}
	a.lineBreak = strings.HasSuffix(l.User, "\n") || strings.HasSuffix(l.Password, "\n")
	return l, nil
}
