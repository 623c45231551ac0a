package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// redis succeeds when a Redis or Valkey server answers a PING, and has the wanted
// role. A server that wants a password is up where no login is given and no role
// asked for: it takes connections.
//
// AUTH sends the password as it is, which is all that the protocol knows: without
// TLS whoever can listen learns it, as with every client.
func (a *attempt) redis(ctx context.Context) error {
	var l *Login
	if a.spec.Credentials != "" {
		got, err := a.login(ctx)
		if err != nil {
			return err
		}
		l = &got
	}
	c, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return a.talkRedis(c, l)
}

// talkRedis has the conversation. The replies are those of RESP2, which every
// server speaks until it is asked for another.
func (a *attempt) talkRedis(c io.ReadWriter, l *Login) error {
	r := bufio.NewReader(c)
	ask := func(words ...string) (reply, error) {
		if _, err := io.WriteString(c, command(words...)); err != nil {
			return reply{}, err
		}
		return readReply(r)
	}
	if l != nil {
		words := []string{"AUTH", l.User, l.Password}
		if l.User == "" {
			words = []string{"AUTH", l.Password}
		}
		answer, err := ask(words...)
		if err != nil {
			return redisBroken(err)
		}
		if answer.kind == '-' {
			return redisLogin(answer.text)
		}
	}
	answer, err := ask("PING")
	switch {
	case err != nil:
		return redisBroken(err)
	case answer.kind == '-' && strings.HasPrefix(answer.text, "NOAUTH") && a.anonymous():
		return nil
	case answer.kind == '-':
		return redisRefusal(answer.text, "PING")
	case answer.text != "PONG":
		return fail(model.ProbeProtocol, "does not answer PING with PONG: is it a Redis server?")
	case a.spec.Role == model.AnyRole:
		return nil
	}
	if answer, err = ask("ROLE"); err != nil {
		return redisBroken(err)
	}
	if answer.kind == '-' {
		return redisRefusal(answer.text, "ROLE")
	}
	return redisRole(a.spec.Role, answer)
}

// command is a command as an array of strings.
func command(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

func redisBroken(err error) error {
	if errors.Is(err, errReply) {
		return fail(model.ProbeProtocol, "does not answer as a Redis server: is it the right port, and does it want TLS?")
	}
	return err
}

// redisLogin judges the error that AUTH was answered with.
func redisLogin(text string) error {
	switch code, _, _ := strings.Cut(text, " "); {
	case code == "WRONGPASS", strings.HasPrefix(text, "ERR invalid password"):
		return fail(model.ProbeAuthentication, "does not take the login: user or password is wrong, or the user is disabled")
	case strings.HasPrefix(text, "ERR AUTH"), strings.HasPrefix(text, "ERR Client sent AUTH"):
		return fail(model.ProbeAuthentication, "asks for no password: leave credentialsSecretRef out, or give the server a password")
	case strings.HasPrefix(text, "ERR wrong number of arguments"):
		return fail(model.ProbeAuthentication, "knows no users, as servers before Redis 6 do not: leave username empty in the Secret")
	}
	switch code, _, _ := strings.Cut(text, " "); code {
	case "NOAUTH", "NOPERM", "DENIED":
		return redisRefusal(text, "AUTH")
	}
	// The server is not quoted: some answer a command that they do not know with its
	// arguments, the password among them.
	return fail(model.ProbeNotServing, "answers AUTH with an error that is not known: is it a Redis server, and is AUTH renamed?")
}

// redisRefusal judges another error.
func redisRefusal(text, what string) error {
	switch code, _, _ := strings.Cut(text, " "); code {
	case "NOAUTH":
		return fail(model.ProbeCredentials, "asks for a password before it tells its role: name a Secret in credentialsSecretRef")
	case "NOPERM":
		return fail(model.ProbeAuthentication, "does not let this user ask: allow it with ACL SETUSER and +%s", strings.ToLower(what))
	case "DENIED":
		return fail(model.ProbeNotServing, "takes connections from its own machine only (protected mode): give it a password, or a bind address")
	}
	return fail(model.ProbeNotServing, "answers %s with an error: %s", what, trust.Clean(text))
}

// redisRole judges the reply to ROLE.
func redisRole(want model.Role, r reply) error {
	is := r.at(0)
	switch {
	case is == "master" && want == model.RolePrimary:
		return nil
	case is == "master":
		return certainly(model.ProbeNotReplica, "is a primary, not a replica")
	case is == "slave" && want == model.RolePrimary:
		return certainly(model.ProbeNotPrimary, "is a replica, not the primary")
	case is == "slave" && r.at(3) != "connected":
		return fail(model.ProbeNotServing, "is a replica that has no link to its primary, so that it grows stale")
	case is == "slave":
		return nil
	case is == "sentinel":
		return fail(model.ProbeProtocol, "is a Sentinel, not a Redis server: name the servers that it watches over as targets")
	}
	return fail(model.ProbeProtocol, "does not say its role as a Redis server does")
}
