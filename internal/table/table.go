// Package table prints what fairlead status shows: the services of a running
// fairlead as a table in kubectl's style, or one of them in detail, or either as
// JSON or YAML.
//
// [Fetch] gets the status, [Write] prints it, [WritePlan] what fairlead plan shows. The package writes no colours,
// knows no terminal and reads no clock; what stands in a cell comes from
// package wire, with control characters taken out.
package table

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/wire"
)

// Format is a form of output.
type Format string

// The forms of output.
const (
	// Short is the table.
	Short Format = ""
	// Wide is the table with where targets are, DNS names and origins.
	Wide Format = "wide"
	// JSON and YAML are the services and problems of wire.Status.
	JSON Format = "json"
	YAML Format = "yaml"
)

// ParseFormat reads the value of -o.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case Short, Wide, JSON, YAML:
		return f, nil
	}
	return "", fmt.Errorf("unknown output format %q: use wide, json or yaml, or leave it out for the table", s)
}

// Options say what is printed.
type Options struct {
	// Namespace limits the services and problems; empty means all namespaces.
	Namespace string
	// Name is the one service that is printed in detail; empty means all of them
	// in short.
	Name string
	// Near picks the name that a person may have meant. Nil means that none is
	// suggested.
	Near   func(word string, candidates []string) string
	Format Format
	// Now is what ages are counted to.
	Now time.Time
}

// Write prints a status. A namespace or a service that there is not is an error.
func Write(w io.Writer, s wire.Status, o Options) error {
	if err := known(o.Namespace, s); err != nil {
		return err
	}
	if o.Name != "" {
		return writeOne(w, s, o)
	}
	s = in(o.Namespace, s)
	switch o.Format {
	case JSON, YAML:
		return encode(w, all(s), o.Format)
	case Short, Wide:
	default:
		_, err := ParseFormat(string(o.Format))
		return err
	}
	if len(s.Services) == 0 {
		if err := writeNone(w, s, o.Namespace); err != nil {
			return err
		}
	} else if err := writeServices(w, s.Services, o); err != nil {
		return err
	}
	return writeProblems(w, s.Problems)
}

// known checks that there is such a namespace, if it is known that there are
// any. One in which nothing could be served is one, too.
func known(namespace string, s wire.Status) error {
	all := slices.Clone(s.Namespaces)
	for _, p := range s.Services {
		all = append(all, p.Service.Namespace)
	}
	for _, p := range s.Problems {
		if ns := p.Namespace(); ns == namespace {
			all = append(all, ns)
		}
	}
	if namespace == "" || len(all) == 0 || slices.Contains(all, namespace) {
		return nil
	}
	slices.Sort(all)
	return fmt.Errorf("there is no namespace %q; there are %s", namespace, clean(strings.Join(slices.Compact(all), ", ")))
}

// in limits a status to a namespace. Problems of whole files stay: they may
// concern it.
func in(namespace string, s wire.Status) wire.Status {
	if namespace == "" {
		return s
	}
	s.Services = slices.DeleteFunc(slices.Clone(s.Services), func(p wire.Published) bool {
		return p.Service.Namespace != namespace
	})
	s.Problems = slices.DeleteFunc(slices.Clone(s.Problems), func(p wire.Problem) bool {
		return p.Namespace() != "" && p.Namespace() != namespace
	})
	return s
}

// writeNone says that there are no services, and where there may be some.
func writeNone(w io.Writer, s wire.Status, namespace string) error {
	text := "No services."
	if namespace != "" {
		text = fmt.Sprintf("No services in namespace %s.", clean(namespace))
	}
	others := slices.DeleteFunc(slices.Clone(s.Namespaces), func(n string) bool { return n == namespace })
	if namespace != "" && len(others) > 0 {
		text += fmt.Sprintf(" Other namespaces: %s.", clean(strings.Join(others, ", ")))
	}
	if _, err := fmt.Fprintln(w, text); err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	return nil
}
