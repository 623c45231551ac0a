//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// standingPage is a page that was written before, in parts.
type standingPage struct {
	head string
	// sections are what stands under each title, values under each title of
	// everyValue.
	sections, values map[string]string
}

// readPage reads a page; nil if there is none yet.
func readPage(path string) (*standingPage, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the page whose other sections stay: %w", err)
	}
	p := &standingPage{}
	p.head, p.sections = cut(string(text), "\n## ")
	_, p.values = cut(p.sections[everyValue], "\n### ")
	return p, nil
}

// cut takes a text apart at its headings: what comes before the first, and what
// stands under each.
func cut(text, heading string) (before string, under map[string]string) {
	before, rest, found := strings.Cut(text, heading)
	under = map[string]string{}
	for found {
		var part string
		part, rest, found = strings.Cut(rest, heading)
		title, body, _ := strings.Cut(part, "\n")
		under[title] = body
	}
	return before, under
}

// with is the page with the sections of p in the place of its own.
func (old *standingPage) with(p page) string {
	for _, s := range p.sections {
		w := new(strings.Builder)
		s.about = append(s.about, fmt.Sprintf("Measured apart from the rest of this page, on %s in %s%s%s.",
			p.date.UTC().Format("2 January 2006"), p.took.Round(time.Second), map[bool]string{true: ", with `-quick`"}[p.quick], priority()))
		s.markdown(w)
		old.sections[s.title] = strings.TrimPrefix(w.String(), "\n## "+s.title+"\n")
		w.Reset()
		s.raw(w)
		delete(old.values, s.title)
		if w.Len() > 0 {
			old.values[s.title] = strings.TrimPrefix(w.String(), "\n### "+s.title+"\n")
		}
	}
	w, raw := new(strings.Builder), new(strings.Builder)
	fmt.Fprint(w, old.head)
	for _, k := range kinds() {
		if body, is := old.sections[k.title]; is {
			fmt.Fprintf(w, "\n## %s\n%s", k.title, body)
		}
		if body, is := old.values[k.title]; is {
			fmt.Fprintf(raw, "\n### %s\n%s", k.title, body)
		}
	}
	if raw.Len() > 0 {
		fmt.Fprint(w, "\n## "+everyValue+"\n\n"+aboutValues, raw)
	}
	return w.String()
}

// priority says so where everything here ran with another priority than usual: it
// favours all that is measured over what else the machine does.
func priority() string {
	const normal = 20 // the system call returns 20 less the nice value
	v, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil || v == normal {
		return ""
	}
	return fmt.Sprintf(", everything at nice %d", normal-v)
}
