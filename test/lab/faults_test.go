package lab_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/lab"
)

// TestFaults: the server misbehaves as it is told, over UDP and TCP, and
// behaves again afterwards.
func TestFaults(t *testing.T) {
	lab.Skip(t, "named", "dig", "nsupdate")
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	server, err := host(t, l, "dns", "10.0.1.53").FaultyDNS("example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Set("db.example.com. 2 A 10.0.1.25"); err != nil {
		t.Fatal(err)
	}
	client, err := l.Machine()
	if err != nil {
		t.Fatal(err)
	}
	dig := func(more ...string) string {
		args := append([]string{"dig", "+tries=1", "+time=2", "@10.0.1.53", "db.example.com"}, more...)
		out, _ := client.Output(context.Background(), args...) // dig fails where nothing answers, which is asked for here
		return out
	}
	for _, over := range []string{"+notcp", "+tcp"} {
		for _, step := range []struct {
			name   string
			faults lab.Faults
			want   string
		}{
			{"at first", lab.Faults{}, "10.0.1.25"},
			{"failing", lab.Faults{Rcode: lab.RcodeServfail}, "status: SERVFAIL"},
			{"refusing", lab.Faults{Rcode: lab.RcodeRefused}, "status: REFUSED"},
			{"quiet", lab.Faults{Quiet: true}, "timed out"},
			{"losing all", lab.Faults{Loss: 1}, "timed out"},
			{"in the end", lab.Faults{}, "10.0.1.25"},
		} {
			server.Fault(step.faults)
			if out := dig(over); !strings.Contains(out, step.want) {
				t.Errorf("%s, %s: got\n%s\nwant %q in it", over, step.name, out, step.want)
			}
		}
	}

	const delay = 300 * time.Millisecond
	server.Fault(lab.Faults{Delay: delay})
	start := time.Now()
	if out := dig(); !strings.Contains(out, "10.0.1.25") || time.Since(start) < delay {
		t.Errorf("after %s dig printed\n%s\nwant the address, no sooner than %s", time.Since(start), out, delay)
	}
}
