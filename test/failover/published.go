//go:build linux

package failover

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Ready are the addresses that a Service of the play publishes as ready.
func (p *Play) Ready(ctx context.Context, service string) ([]string, error) {
	const each = `{range .items[*].endpoints[?(@.conditions.ready==true)]}{.addresses[0]}{"\n"}{end}`
	out, err := p.Do(ctx, "get", "endpointslices", "-l", "kubernetes.io/service-name="+service, "-o=jsonpath="+each)
	return slices.Sorted(slices.Values(strings.Fields(out))), err
}

// Publishes waits until those are what is wanted.
func (p *Play) Publishes(ctx context.Context, service string, want ...string) error {
	return poll(ctx, seldom, func() error {
		got, err := p.Ready(ctx, service)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("%s publishes %q as ready, want %q", service, got, want)
		}
		return err
	})
}

// Status is what the ExternalService db says of itself, as far as plays look.
type Status struct {
	Conditions []struct{ Type, Status, Reason, Message string }
	Targets    []struct {
		Name      string
		Addresses []struct {
			IP     string
			Ready  bool
			Reason string
		}
	}
	History []struct {
		From, To []string
		Reason   string
		Message  string
		Took     string
	}
}

// Condition is a condition's status and reason: "False AllDown".
func (s *Status) Condition(name string) string {
	for _, c := range s.Conditions {
		if c.Type == name {
			return c.Status + " " + c.Reason
		}
	}
	return ""
}

// Failing is why the probe of an address fails, or empty if it passes.
func (s *Status) Failing(addr string) string {
	for _, t := range s.Targets {
		for _, a := range t.Addresses {
			if a.IP == addr {
				return a.Reason
			}
		}
	}
	return "it is not there"
}

// Says waits until the status of db is as is wanted: want says what is missing.
func (p *Play) Says(ctx context.Context, want func(*Status) string) (*Status, error) {
	var s struct{ Status Status }
	err := poll(ctx, seldom, func() error {
		out, err := p.Do(ctx, "get", "externalservice", "db", "-o=json")
		if err != nil {
			return err
		}
		s.Status = Status{}
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			return err
		}
		if missing := want(&s.Status); missing != "" {
			return fmt.Errorf("%s; the status is %+v", missing, s.Status)
		}
		return nil
	})
	return &s.Status, err
}

// Apply applies manifests beside those of the way.
func (p *Play) Apply(ctx context.Context, manifests string) error { return p.apply(ctx, manifests) }
