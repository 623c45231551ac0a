package main

import (
	"context"

	"fairlead.dev/internal/probe"
)

// logins gives what a Secret holds. Its error is for a person.
type logins func(ctx context.Context, namespace, name string) (username, password string, err error)

// prober probes endpoints, and logs in where a probe asks for that.
func prober(l logins) *probe.Prober {
	return &probe.Prober{Credentials: func(ctx context.Context, namespace, name string) (probe.Login, error) {
		username, password, err := l(ctx, namespace, name)
		return probe.Login{User: username, Password: password}, err
	}}
}
