package layout

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "fairlead.dev"

// layers says what each package may import of this module, directly or through
// others, and whether it may reach k8s.io. A package that is not listed fails.
var layers = map[string]struct {
	may  []string
	kube bool
	why  string
}{
	"internal/model":     {why: "the nouns depend on nothing"},
	"internal/wire":      {may: []string{"internal/model"}, why: "the JSON form of the nouns, shared by server and client"},
	"internal/group":     {why: "parts that live and end together depend on nothing"},
	"internal/yamlout":   {why: "how values are written as YAML depends on nothing"},
	"internal/failover":  {may: []string{"internal/model"}, why: "the decision is pure: no clock, no I/O, no Kubernetes"},
	"internal/vip":       {may: []string{"internal/model"}, why: "address assignment is pure"},
	"internal/convert":   {may: []string{"internal/model", "api/v1alpha1"}, kube: true, why: "the one place where API types become nouns"},
	"internal/render":    {may: []string{"internal/model", "api/v1alpha1"}, kube: true, why: "decisions become Kubernetes objects here, purely: what writes them is elsewhere"},
	"internal/resolve":   {may: []string{"internal/model"}, why: "I/O packages know only the nouns"},
	"internal/trust":     {may: []string{"internal/model"}, why: "why a certificate is not trusted is told the same everywhere"},
	"internal/probe":     {may: []string{"internal/model", "internal/trust"}, why: "I/O packages know only the nouns"},
	"internal/http1":     {why: "it knows messages and nothing of services"},
	"internal/relay":     {may: []string{"internal/http1", "internal/model", "internal/trust"}, why: "I/O packages know only the nouns"},
	"internal/dnsserver": {may: []string{"internal/model"}, why: "I/O packages know only the nouns"},
	"internal/metrics":   {may: []string{"internal/model"}, why: "I/O packages know only the nouns"},
	"internal/table":     {may: []string{"internal/model", "internal/wire", "internal/plan", "internal/failover", "internal/yamlout"}, why: "a client of the wire form"},
	"internal/dash":      {may: []string{"internal/model", "internal/wire"}, why: "I/O packages know only the nouns"},
	"internal/plan":      {may: []string{"internal/model", "internal/wire", "internal/failover"}, why: "what would be is decided by what decides, of what is public"},
	"internal/pin":       {may: []string{"internal/model", "internal/wire"}, why: "what a person's word does, whoever writes it down"},
	"internal/podenv":    {why: "a program's surroundings have nothing to do with services"},
	"internal/standin":   {why: "the outside world of the examples is not part of the product"},
	"internal/engine":    {may: []string{"internal/model", "internal/failover"}, why: "the loop knows neither files nor Kubernetes"},
	"internal/file":      {may: []string{"internal/model", "internal/convert", "internal/vip", "api/v1alpha1"}, kube: true, why: "a source: manifests on disk"},
	"internal/kube":      {may: []string{"internal/model", "internal/failover", "internal/convert", "internal/render", "internal/engine", "internal/pin", "internal/wire", "internal/material", "api/v1alpha1"}, kube: true, why: "a source and a sink: the API server"},
	"internal/material":  {may: []string{"internal/model", "internal/convert", "api/v1alpha1"}, kube: true, why: "what specs name beside services, whoever wants it"},
	"internal/trouble":   {may: []string{"internal/model", "internal/trust"}, why: "what is told knows only the nouns"},
	"internal/gateway":   {may: []string{"internal/model", "internal/convert", "internal/render", "internal/material", "internal/trouble", "internal/trust", "api/v1alpha1"}, kube: true, why: "what a gateway's Pod knows of its cluster; it decides nothing, so it knows no engine"},
	"api/v1alpha1":       {kube: true, why: "types for others to use"},
	"cmd/fairlead":       {may: []string{"*"}, kube: true, why: "wiring"},
	"cmd/standins":       {may: []string{"internal/standin"}, why: "wiring of the stand-ins"},
	"test/cluster":       {may: []string{"test/lab"}, why: "tests bring no dependency into the product"},
	"test/controller":    {may: []string{"test/cluster", "test/lab"}, why: "whole-system tests judge the binary from outside"},
	"test/cluster/up":    {may: []string{"test/cluster", "test/lab", "test/world", "internal/standin"}, why: "tests bring no dependency into the product"},
	"test/console":       {why: "it executes documents, whatever they are about"},
	"test/world":         {may: []string{"test/cluster", "test/lab", "internal/standin"}, why: "the world outside of the walkthrough is not part of the product"},
	"test/walkthrough":   {may: []string{"test/console", "test/lab"}, why: "whole-system tests judge the binary from outside"},
	"test/traffic":       {may: []string{"test/lab"}, why: "a client and its judge, which know neither the product nor Kubernetes"},
	"test/failover":      {may: []string{"test/cluster", "test/controller", "test/lab", "test/traffic"}, why: "whole-system tests judge the binary from outside"},
	"test/gateway":       {may: []string{"test/cluster", "test/lab", "test/authority", "test/servers"}, why: "whole-system tests judge chart, image and binary from outside"},
	"test/mutants":       {why: "it breaks the code from outside"},
	"test/lab":           {why: "the outside world of the tests knows nothing of the product"},
	"test/layout":        {why: "tests only"},
	"test/authority":     {why: "tests of every layer use it"},
	"test/servers":       {why: "tests of every layer use it"},
	"test/leak":          {why: "tests of every layer use it"},
	"test/e2e":           {may: []string{"test/lab", "test/traffic", "test/authority"}, why: "whole-system tests judge the binary from outside"},
	"test/differential":  {may: []string{"test/cluster", "test/lab"}, why: "whole-system tests judge the binary from outside"},
	"test/crd":           {may: []string{"test/cluster", "test/lab"}, why: "tests only: the CRD and internal/convert are held against each other"},
	"test/expectations":  {may: []string{"test/cluster", "test/controller", "test/lab"}, why: "whole-system tests judge the binary from outside"},
	"test/kube":          {may: []string{"test/cluster", "test/controller", "test/lab"}, why: "whole-system tests judge the binary from outside"},
	"test/render":        {may: []string{"test/cluster", "test/lab"}, why: "tests only: internal/render against a real API server"},
	"test/bench":         {may: []string{"test/lab", "test/cluster", "test/controller", "test/failover", "test/traffic", "internal/group", "internal/standin", "api/v1alpha1"}, kube: true, why: "benchmarks measure the binary from outside"},
	"test/install":       {may: []string{"test/cluster", "test/lab"}, why: "whole-system tests judge chart, image and binary from outside"},
}

type pkg struct {
	ImportPath string
	Deps       []string
	Doc        string
	GoFiles    []string
	Dir        string
	// What it imports itself, and its tests.
	Imports, TestImports, XTestImports []string
}

// packages lists the module's packages with all that each one links.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Deps,Doc,GoFiles,Dir,Imports,TestImports,XTestImports", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsGoDown(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		rule, ok := layers[name]
		if !ok {
			t.Errorf("%s stands in no layer: say in %s what it may import, and why", name, "test/layout/layers_test.go")
			continue
		}
		for _, dep := range p.Deps {
			own, inside := strings.CutPrefix(dep, module+"/")
			if inside && !slices.Contains(rule.may, own) && !slices.Contains(rule.may, "*") {
				t.Errorf("%s imports %s: %s", name, own, rule.why)
			}
			if !rule.kube && strings.HasPrefix(dep, "k8s.io/") {
				t.Errorf("%s links %s: %s", name, dep, rule.why)
			}
		}
	}
}

// TestThePureOnesArePure: no clock, no I/O, no logs in what decides.
func TestThePureOnesArePure(t *testing.T) {
	for _, name := range []string{"internal/model", "internal/failover", "internal/vip", "internal/render", "internal/plan", "internal/wire"} {
		out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, module+"/"+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, dep := range strings.Fields(string(out)) {
			if slices.Contains([]string{"os", "net", "log", "log/slog", "context", "sync", "math/rand", "math/rand/v2", "io"}, dep) {
				t.Errorf("%s imports %s, and it must stay pure", name, dep)
			}
		}
	}
}
