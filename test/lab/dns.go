package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// DNS is a real outside DNS server, BIND, whose records change while it runs.
type DNS struct {
	*Server
	port int // where BIND itself answers
}

const namedConf = `options {
	directory "%[1]s";
	pid-file none;
	listen-on port %[2]d { any; };
	listen-on-v6 { none; };
	recursion no;
	dnssec-validation no;
	minimal-responses yes;
	minimal-any no;
	querylog yes;
};
controls { };
`

const zoneConf = `zone "%[2]s" { type primary; file "%[1]s/%[2]s"; allow-update { any; }; };
`

const zoneFile = `$TTL 300
@ IN SOA ns.%[1]s. hostmaster.%[1]s. 1 3600 600 86400 5
@ IN NS ns.%[1]s.
ns IN A %[2]s
`

// DNS starts a server that is authoritative for the zones, empty at first.
func (h *Host) DNS(zones ...string) (*DNS, error) {
	return h.bind(53, zones...)
}

// bind starts BIND on a port of its own.
func (h *Host) bind(port int, zones ...string) (*DNS, error) {
	dir := filepath.Join(h.lab.dir, "dns-"+h.Name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	conf := new(strings.Builder)
	fmt.Fprintf(conf, namedConf, dir, port)
	for _, z := range zones {
		fmt.Fprintf(conf, zoneConf, dir, z)
		if err := os.WriteFile(filepath.Join(dir, z), fmt.Appendf(nil, zoneFile, z, h.Addr), 0o644); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(dir, "named.conf")
	if err := os.WriteFile(path, []byte(conf.String()), 0o644); err != nil {
		return nil, err
	}
	server, err := h.serve("named", func() *exec.Cmd {
		return h.Command(context.Background(), "named", "-g", "-n", "1", "-c", path)
	})
	if err != nil {
		return nil, err
	}
	d := &DNS{Server: server, port: port}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return d, d.Ready(ctx, zones[0])
}

// Ready waits until the server answers for the zone.
func (d *DNS) Ready(ctx context.Context, zone string) error {
	return d.await(ctx, func(ctx context.Context) error {
		_, err := d.host.Output(ctx, "dig", "+time=1", "+tries=1", "-p", strconv.Itoa(d.port), "@"+d.host.Addr.String(), zone, "SOA")
		return err
	})
}

// Set replaces all records of the names that the lines own, by dynamic update
// (RFC 2136). A line is a record: "db.example.com. 2 A 10.0.1.25".
func (d *DNS) Set(records ...string) error {
	script := new(bytes.Buffer)
	fmt.Fprintf(script, "server %s\n", d.Updates())
	deleted := map[string]bool{}
	for _, r := range records {
		name := strings.Fields(r)[0]
		if !deleted[name] {
			fmt.Fprintf(script, "update delete %s\n", name)
		}
		deleted[name] = true
		fmt.Fprintf(script, "update add %s\n", r)
	}
	return d.update(script)
}

// Delete removes every record of a name, which becomes NXDOMAIN.
func (d *DNS) Delete(name string) error {
	return d.update(bytes.NewBufferString(fmt.Sprintf("server %s\nupdate delete %s\n", d.Updates(), name)))
}

// Updates is where nsupdate sends updates to, as its server command has it.
func (d *DNS) Updates() string { return fmt.Sprintf("%s %d", d.host.Addr, d.port) }

func (d *DNS) update(script *bytes.Buffer) error {
	script.WriteString("send\n")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := d.host.Command(ctx, "nsupdate")
	cmd.Stdin = script
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nsupdate: %w: %s", err, out)
	}
	return nil
}

// Queries counts the queries that the server has logged for a name and type.
func (d *DNS) Queries(name, qtype string) int {
	return strings.Count(d.Log(), ": query: "+name+" IN "+qtype+" ")
}
