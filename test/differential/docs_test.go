//go:build linux

package differential

import (
	"os"
	"strings"
	"testing"
)

// TestDocumented compares the list of differences with the table in
// docs/dns.md: each has a row with its name and reason, and no other row does.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/dns.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Differences from CoreDNS\n")
	if !found {
		t.Fatal("docs/dns.md has no section \"Differences from CoreDNS\"")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]bool{}
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") {
			rows[strings.TrimSpace(line)] = true
		}
	}
	for _, d := range differences() {
		row := "| `" + d.name + "` | " + d.reason + " |"
		if !rows[row] {
			t.Errorf("docs/dns.md lacks this row:\n%s", row)
		}
		delete(rows, row)
	}
	for row := range rows {
		t.Errorf("docs/dns.md has a row for no listed difference:\n%s", row)
	}
}
