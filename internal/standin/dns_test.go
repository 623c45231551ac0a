package standin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dig asks the stand-in and returns the answer's lines, words single-spaced.
func dig(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("dig"); err != nil {
		t.Skip(err)
	}
	args = append([]string{"@127.117.0.53", "-p", "5300", "+noall", "+comments", "+answer", "+authority", "+additional", "+tries=1", "+time=2"}, args...)
	out, err := exec.Command("dig", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var b strings.Builder
	for line := range strings.Lines(string(out)) {
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}

func TestDNS(t *testing.T) {
	start(t, exampleZone)
	const negative = "example.com. 5 IN SOA ns.example.com. dns.example.com. 1 3600 600 86400 5\n"
	tests := []struct {
		name  string
		args  []string
		wants []string
		lacks []string
	}{
		{"an address, moved", []string{"primary-db.example.com"}, []string{"status: NOERROR", "flags: qr aa rd ra", "primary-db.example.com. 2 IN A 127.117.2.1\n"}, nil},
		{"over TCP", []string{"+tcp", "secondary-db.example.com"}, []string{"secondary-db.example.com. 2 IN A 127.117.2.2\n"}, nil},
		{"without EDNS", []string{"+noedns", "httpbin.org"}, []string{"httpbin.org. 60 IN A 127.117.3.1\nhttpbin.org. 60 IN A 127.117.3.2\n"}, []string{"OPT"}},
		{"a chain of aliases", []string{"analytics-db-test.databases.company.com"}, []string{
			"analytics-db-test.databases.company.com. 30 IN CNAME test-pool.databases.company.com.\n" +
				"test-pool.databases.company.com. 10 IN CNAME vm-17.databases.company.com.\n" +
				"vm-17.databases.company.com. 30 IN A 127.117.1.11\n",
		}, nil},
		{"one alias, asked for", []string{"test-pool.databases.company.com", "CNAME"}, []string{"test-pool.databases.company.com. 10 IN CNAME vm-17"}, []string{"IN A "}},
		{"IPv6", []string{"dual-stack.example.com", "AAAA"}, []string{"dual-stack.example.com. 30 IN AAAA ::1\n"}, []string{"IN A "}},
		{"SRV with hosts", []string{"_postgresql._tcp.example.com", "SRV"}, []string{
			"_postgresql._tcp.example.com. 5 IN SRV 0 5 5432 primary-db.example.com.\n",
			"primary-db.example.com. 2 IN A 127.117.2.1\n",
		}, nil},
		{"no such name", []string{"none.example.com"}, []string{"status: NXDOMAIN", negative}, nil},
		{"no record of the type", []string{"primary-db.example.com", "AAAA"}, []string{"status: NOERROR", negative}, []string{"2 IN A"}},
		{"a name above others", []string{"_tcp.example.com"}, []string{"status: NOERROR", negative}, nil},
		{"an alias without the type", []string{"analytics-db-test.databases.company.com", "AAAA"}, []string{"status: NOERROR", "CNAME vm-17", "company.com. 5 IN SOA"}, nil},
		{"the asker's case", []string{"PRIMARY-db.Example.com"}, []string{"PRIMARY-db.Example.com. 2 IN A"}, nil},
		{"another zone", []string{"example.net"}, []string{"status: REFUSED"}, []string{"SOA"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := dig(t, tt.args...)
			for _, want := range tt.wants {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			for _, lack := range tt.lacks {
				if strings.Contains(got, lack) {
					t.Errorf("%q in\n%s", lack, got)
				}
			}
		})
	}
}

const soa = "example.com. 300 SOA ns.example.com. dns.example.com. 1 3600 600 86400 5\n"

func TestChangedZoneIsServed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zone")
	write(t, path, soa+"db.example.com. 2 A 127.10.2.1\n")
	_, log := start(t, path)
	asks := func(want string) {
		t.Helper()
		if got := dig(t, "db.example.com"); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	logs := func(want string) {
		t.Helper()
		select {
		case line := <-log:
			if !strings.Contains(line, want) {
				t.Errorf("logged %q, want %q", line, want)
			}
		default:
			t.Errorf("nothing logged, want %q", want)
		}
	}
	asks("A 127.117.2.1")
	write(t, path, soa+"db.example.com. 2 A 127.10.2.2\n")
	asks("A 127.117.2.2")
	logs("again")
	// As sed -i and editors do it.
	write(t, path+"~", soa+"db.example.com. 2 A 127.10.2.3\n")
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
	asks("A 127.117.2.3")
	logs("again")
	// What is broken changes nothing, and is said once.
	for _, broken := range []string{
		soa + "db.example.com. 2 A nonsense\n",
		"db.example.com. 2 A 127.10.2.9\n",
		soa + "db.example.com. 2 A 127.10.2.9\ndb.example.com. 2 CNAME x.example.com.\n",
	} {
		write(t, path, broken)
		asks("A 127.117.2.3")
		asks("A 127.117.2.3")
		logs("records from before")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	asks("A 127.117.2.3")
	asks("A 127.117.2.3")
	logs("no such file")
	write(t, path, soa+"db.example.com. 2 A 127.10.2.4\n")
	asks("A 127.117.2.4")
	logs("again")
	if len(log) > 0 {
		t.Errorf("logged more: %q", <-log)
	}
}

func TestAliasesThatLeadNowhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zone")
	write(t, path, soa+"a.example.com. 2 CNAME b.example.com.\nb.example.com. 2 CNAME a.example.com.\n"+
		"away.example.com. 2 CNAME host.example.net.\nlost.example.com. 2 CNAME none.example.com.\n")
	start(t, path)
	if got := dig(t, "a.example.com"); !strings.Contains(got, "SERVFAIL") {
		t.Errorf("a circle:\n%s", got)
	}
	if got := dig(t, "away.example.com"); !strings.Contains(got, "NOERROR") || !strings.Contains(got, "CNAME host.example.net.") {
		t.Errorf("out of the zones:\n%s", got)
	}
	if got := dig(t, "lost.example.com"); !strings.Contains(got, "NXDOMAIN") || !strings.Contains(got, "CNAME none") || !strings.Contains(got, "SOA") {
		t.Errorf("to no name:\n%s", got)
	}
}

func TestLargeAnswerIsTruncated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zone")
	text := soa
	for i := range 100 {
		text += fmt.Sprintf("many.example.com. 2 A 127.10.9.%d\n", i)
	}
	write(t, path, text)
	start(t, path)
	if got := dig(t, "+ignore", "many.example.com"); !strings.Contains(got, "flags: qr aa tc rd ra") {
		t.Errorf("over UDP:\n%.300s", got)
	}
	if got := dig(t, "many.example.com"); strings.Count(got, "IN A 127.117.9.") != 100 {
		t.Errorf("over TCP:\n%.300s", got)
	}
}
