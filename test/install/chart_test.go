package install

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// TestTheTableOfValuesIsTrue: README.md names each value of values.yaml with its
// default, in that order, and no other. The schema knows each, too.
func TestTheTableOfValuesIsTrue(t *testing.T) {
	var values object
	if err := yaml.Unmarshal([]byte(read(t, chart, "values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	want := leaves("", values)
	got := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:`([^`]*)`)?")
	for _, m := range row.FindAllStringSubmatch(read(t, chart, "README.md"), -1) {
		got[m[1]] = m[2]
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("README.md is not what values.yaml says (-want +got):\n%s", d)
	}
	var schema object
	if err := json.Unmarshal([]byte(read(t, chart, "values.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	top := slices.Sorted(maps.Keys(schema.at("properties").(map[string]any)))
	top = slices.DeleteFunc(top, func(name string) bool { return name == "global" })
	if d := cmp.Diff(slices.Sorted(maps.Keys(values)), top); d != "" {
		t.Errorf("values.schema.json has other properties than values.yaml (-want +got):\n%s", d)
	}
}

// leaves are the values below v by their dotted names, as the table writes them.
func leaves(prefix string, v object) map[string]string {
	all := map[string]string{}
	for name, value := range v {
		name = prefix + name
		below, isMap := value.(map[string]any)
		switch {
		case name == "nodeSelector":
			all[name] = fmt.Sprintf("kubernetes.io/os: %v", below["kubernetes.io/os"])
		case isMap && len(below) > 0:
			maps.Copy(all, leaves(name+".", below))
		case isMap:
			all[name] = "{}"
		case fmt.Sprint(value) == "[]":
			all[name] = "[]"
		default:
			all[name] = strings.TrimSuffix(fmt.Sprint(value), "\n")
		}
	}
	return all
}

// pod is the path to the Pod in the Deployment, and one into it.
func pod(path ...any) []any { return append([]any{"spec", "template", "spec"}, path...) }

func container(path ...any) []any { return append(pod("containers", 0), path...) }

const deployment = "Deployment/fairlead-controller"

// TestValuesReachTheObjects: what each value is for.
func TestValuesReachTheObjects(t *testing.T) {
	for _, c := range []struct {
		set    string
		object string
		path   []any
		want   string // as JSON
	}{
		{`replicas=3`, deployment, []any{"spec", "replicas"}, `3`},
		{`image.tag="v2"`, deployment, container("image"), `"fairlead.dev/fairlead:v2"`},
		{`image={"repository":"registry.example.com/f","digest":"sha256:` + strings.Repeat("0", 64) + `"}`, deployment, container("image"), `"registry.example.com/f@sha256:` + strings.Repeat("0", 64) + `"`},
		{`imagePullSecrets=[{"name":"s"}]`, deployment, pod("imagePullSecrets"), `[{"name":"s"}]`},
		{`resources={"limits":{"memory":"1Gi"}}`, deployment, container("env", 0, "value"), `"921MiB"`},
		{`resources={"limits":{"memory":"1.5Gi"}}`, deployment, container("env", 0, "value"), `"1382MiB"`},
		{`resources={"limits":{"memory":1000000000}}`, deployment, container("env", 0, "value"), `"858MiB"`},
		{`resources={"limits":{"memory":null}}`, deployment, container("env"), `null`},
		{`upstreams=["192.0.2.1","[2001:db8::1]:5353"]`, deployment, container("args", 4), `"--upstream=192.0.2.1"`},
		{`forbidCIDRs=["10.244.0.0/16","fd00::/8"]`, deployment, container("args", 5), `"--forbid-cidr=fd00::/8"`},
		{`verbose=true`, deployment, container("args", 4), `"-v"`},
		{`extraArgs=["--leader-elect=false"]`, deployment, container("args", 4), `"--leader-elect=false"`},
		{`clusterDomain="k8s.example.com"`, deployment, container("args", 3), `"--cluster-domain=k8s.example.com"`},
		{`priorityClassName=""`, deployment, pod("priorityClassName"), `null`},
		{`dnsPolicy="ClusterFirst"`, deployment, pod("dnsPolicy"), `"ClusterFirst"`},
		{`dnsConfig={"nameservers":["192.0.2.1"]}`, deployment, pod("dnsConfig", "nameservers", 0), `"192.0.2.1"`},
		{`podLabels={"a":"b"}`, deployment, []any{"spec", "template", "metadata", "labels", "a"}, `"b"`},
		{`podAnnotations={"a":"b"}`, deployment, []any{"spec", "template", "metadata", "annotations"}, `{"a":"b"}`},
		{`tolerations=[{"operator":"Exists"}]`, deployment, pod("tolerations"), `[{"operator":"Exists"}]`},
		{`affinity={"nodeAffinity":{}}`, deployment, pod("affinity"), `{"nodeAffinity":{}}`},
		{`topologySpreadConstraints=[{"maxSkew":2}]`, deployment, pod("topologySpreadConstraints"), `[{"maxSkew":2}]`},
		{`terminationGracePeriodSeconds=5`, deployment, pod("terminationGracePeriodSeconds"), `5`},
		{`podDisruptionBudget.enabled=false`, "PodDisruptionBudget/fairlead-controller", nil, `null`},
		{`podDisruptionBudget.maxUnavailable="50%"`, "PodDisruptionBudget/fairlead-controller", []any{"spec", "maxUnavailable"}, `"50%"`},
		{`service.enabled=false`, "Service/fairlead-controller", nil, `null`},
		{`serviceMonitor={"enabled":true,"labels":{"release":"prometheus"}}`, "ServiceMonitor/fairlead-controller", []any{"metadata", "labels", "release"}, `"prometheus"`},
		{`networkPolicy.enabled=true`, "NetworkPolicy/fairlead-controller", []any{"spec", "ingress"}, `null`},
		{`networkPolicy={"enabled":true,"from":[{"podSelector":{}}]}`, "NetworkPolicy/fairlead-controller", []any{"spec", "ingress", 0, "from"}, `[{"podSelector":{}}]`},
		{`crds.install=false`, "CustomResourceDefinition/externalservices.fairlead.dev", nil, `null`},
		{`crds.keep=true`, "CustomResourceDefinition/externalservices.fairlead.dev", []any{"metadata", "annotations", "helm.sh/resource-policy"}, `"keep"`},
		{`crds.keep=false`, "CustomResourceDefinition/externalservices.fairlead.dev", []any{"metadata", "annotations", "helm.sh/resource-policy"}, `null`},
		{`rbac.aggregateToView=false`, "ClusterRole/fairlead-view", []any{"metadata", "labels", "rbac.authorization.k8s.io/aggregate-to-view"}, `null`},
		{`rbac.aggregateToEdit=false`, "ClusterRole/fairlead-edit", []any{"metadata", "labels", "rbac.authorization.k8s.io/aggregate-to-edit"}, `null`},
		{``, "ClusterRoleBinding/fairlead-probe-credentials", nil, `null`},
		{`rbac.probeCredentials=true`, "ClusterRoleBinding/fairlead-probe-credentials", []any{"roleRef", "name"}, `"fairlead-probe-credentials"`},
		{`rbac.probeCredentials=false`, "ClusterRoleBinding/fairlead-probe-credentials", nil, `null`},
		{`rbac.probeCredentials=false`, "ClusterRole/fairlead-probe-credentials", []any{"rules", 0, "verbs"}, `["get"]`},
		{`serviceAccount.annotations={"a":"b"}`, "ServiceAccount/fairlead-controller", []any{"metadata", "annotations"}, `{"a":"b"}`},
		{`service.annotations={"a":"b"}`, "Service/fairlead-controller", []any{"metadata", "annotations"}, `{"a":"b"}`},
	} {
		t.Run(c.set, func(t *testing.T) {
			o, there := render(t, c.set)[c.object]
			var got any = o.at(c.path...)
			if !there {
				got = nil
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if string(text) != c.want {
				t.Errorf("%s %v is %s, want %s", c.object, c.path, text, c.want)
			}
		})
	}
}

// TestMistakesInValuesAreTold rather than installed.
func TestMistakesInValuesAreTold(t *testing.T) {
	for _, c := range []struct{ set, say string }{
		{`replica=3`, `'replica' not allowed`},
		{`image.tags="v2"`, `'tags' not allowed`},
		{`replicas="three"`, `/replicas`},
		{`forbidCIDRs=["10.244.0.0"]`, `/forbidCIDRs/0`},
		{`upstreams=["dns.example.com"]`, `/upstreams/0`},
		{`image.digest="latest"`, `/image/digest`},
		{`resources={"limits":{"memory":"512MB"}}`, `/resources/limits/memory`},
		{`service.enabled=false serviceMonitor.enabled=true`, `set service.enabled, too`},
	} {
		_, err := helm(t, "", templated(strings.Fields(c.set))...)
		if err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("with %s Helm said %v, want %q in it", c.set, err, c.say)
		}
	}
}
