// Command mutants breaks the decision by hand, one way after the other, and shows
// which test notices. It changes no file: the compiler is given each mutant in an
// overlay.
//
//	go run ./test/mutants
//
// It fails if a mutant survives the simulation, or the tests of package failover and
// engine altogether. That the mutants still fit the code is a test of this package.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
)

func main() {
	seeds := flag.Int("seeds", 500, "how many histories the simulation plays of each mutant")
	only := flag.String("only", "", "part of the `name` of the mutants to try")
	flag.Parse()
	if err := run(*seeds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(seeds int, only string) error {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the module, run this inside it: %w", err)
	}
	t := trial{root: strings.TrimSpace(string(root)), seeds: seeds}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MUTANT\tTABLES AND PROPERTIES\tSIMULATION")
	survived := 0
	for _, m := range mutants() {
		if !strings.Contains(m.name, only) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s\n", m.name)
		tables, simulation, err := t.try(m)
		if err != nil {
			return errors.Join(w.Flush(), fmt.Errorf("%s: %w", m.name, err))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.name, orNone(tables), orNone(simulation))
		if tables == "" && simulation == "" {
			survived++
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if survived > 0 {
		return fmt.Errorf("%d mutants survived: no test notices them", survived)
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// trial is what all mutants go through.
type trial struct {
	root  string
	seeds int
}

// try returns what notices a mutant: the first test, and the seed of the simulation.
func (t trial) try(m mutant) (tables, simulation string, err error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(t.root, dir)
	if err != nil {
		return "", "", err
	}
	if tables, err = t.test(overlay, failedTest, "./internal/failover", "./internal/engine", "-skip", "TestSimulation|TestOneSeed", "-rapid.nofailfile"); err != nil {
		return "", "", err
	}
	simulation, err = t.test(overlay, failedSeed, "./internal/engine", "-run", "TestSimulation", "-seeds", fmt.Sprint(t.seeds))
	return tables, simulation, err
}

var (
	failedTest = regexp.MustCompile(`--- FAIL: (\S+)`)
	failedSeed = regexp.MustCompile(`sim_test\.go:\d+: (seed \d+)`)
)

// test runs tests and returns what the first failure is called; empty if there is none.
func (t trial) test(overlay string, called *regexp.Regexp, args ...string) (string, error) {
	cmd := exec.Command("go", append([]string{"test", "-overlay", overlay}, args...)...)
	cmd.Dir = t.root
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return "", err
	}
	if err == nil {
		return "", nil
	}
	found := called.FindStringSubmatch(string(out))
	if found == nil {
		return "", fmt.Errorf("the tests did not run:\n%s", out)
	}
	return found[1], nil
}

// overlay writes the mutant and the file that tells the compiler of it.
func (m mutant) overlay(root, dir string) (string, error) {
	path := filepath.Join(root, m.file)
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.from); n != 1 {
		return "", fmt.Errorf("%s has %d times %q, want it once: write what the code is now into mutants.go", m.file, n, m.from)
	}
	changed := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), m.from, m.to, 1)), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o600)
}
