package dnsserver

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// TestAnswers asks testdata/answers.txt's questions. Its answers were recorded
// from CoreDNS 1.15.0 over the same services; those that differ on purpose are
// marked with the difference's name in the package comment.
func TestAnswers(t *testing.T) {
	view := worldView()
	for _, c := range readAnswers(t) {
		t.Run(c.question, func(t *testing.T) {
			got := render(Answer(view, parseQuestion(t, c.question), noon))
			if diff := cmp.Diff(c.lines, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

type answerCase struct {
	question string
	lines    []string
}

// readAnswers reads blocks of a question and its indented answer.
func readAnswers(t testing.TB) (cases []answerCase) {
	t.Helper()
	text, err := os.ReadFile("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == ' ':
			last := &cases[len(cases)-1]
			last.lines = append(last.lines, strings.TrimSpace(line))
		default:
			cases = append(cases, answerCase{question: line})
		}
	}
	return cases
}

func parseQuestion(t testing.TB, s string) dns.Question {
	t.Helper()
	name, qtype, ok := strings.Cut(s, " ")
	n, known := dns.StringToType[qtype]
	if !ok || !known {
		t.Fatalf("not a question: %q", s)
	}
	return dns.Question{Name: name, Qtype: n, Qclass: dns.ClassINET}
}

// render writes a result for people: a line for the header, then one for each
// record, sorted within its section.
func render(r Result) []string {
	switch r.Action {
	case Forward:
		return []string{"forward"}
	case Follow:
		return append([]string{fmt.Sprintf("follow %s %s", r.Ask.Name, dns.TypeToString[r.Ask.Qtype])}, renderSection("", r.Answer)...)
	}
	head := dns.RcodeToString[r.Rcode]
	if r.Authoritative {
		head += " aa"
	}
	lines := append([]string{head}, renderSection("", r.Answer)...)
	lines = append(lines, renderSection("authority: ", r.Ns)...)
	return append(lines, renderSection("additional: ", r.Extra)...)
}

func renderSection(prefix string, rrs []dns.RR) (lines []string) {
	for _, rr := range rrs {
		s := strings.ReplaceAll(strings.Replace(rr.String(), "\tIN\t", "\t", 1), "\t", " ")
		lines = append(lines, prefix+s)
	}
	slices.Sort(lines)
	return lines
}
