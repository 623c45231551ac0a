package install

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	root  = "../.."
	chart = "deploy/chart"
)

// helmProgram is Helm as tools/helm has it. It is asked for once: the go command
// takes ten times as long as a template.
var helmProgram = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "tool", "-modfile=tools/helm/go.mod", "-n", "helm")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build Helm: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
})

// helm runs Helm at the top of the repository and returns what it prints. It has a
// home of its own.
func helm(t *testing.T, kubeconfig string, args ...string) (string, error) {
	t.Helper()
	program, err := helmProgram()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cmd := exec.Command(program, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig,
		"HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("helm %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// object is anything of Kubernetes, as YAML has it.
type object map[string]any

// at is what stands at a path of keys and of indexes, nil if nothing does.
func (o object) at(path ...any) any {
	var v any = map[string]any(o)
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// objects are all documents of a manifest, by kind/name.
func objects(t *testing.T, manifest string) map[string]object {
	t.Helper()
	all := map[string]object{}
	for _, text := range strings.Split("\n"+manifest, "\n---") {
		var o object
		if err := yaml.Unmarshal([]byte(text), &o); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if o == nil {
			continue
		}
		key := fmt.Sprintf("%v/%v", o["kind"], o.at("metadata", "name"))
		if _, twice := all[key]; twice {
			t.Errorf("%s is in the manifest twice", key)
		}
		all[key] = o
	}
	return all
}

// render is the chart with values set.
func render(t *testing.T, set ...string) map[string]object {
	t.Helper()
	out, err := helm(t, "", templated(set)...)
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, out)
}

func templated(set []string) []string {
	args := []string{"template", "fairlead", chart, "--namespace=fairlead-system"}
	for _, s := range set {
		args = append(args, "--set-json="+s)
	}
	return args
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
