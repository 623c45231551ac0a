package file

import (
	"fmt"
	"strings"
	"testing"
)

// What a newcomer mistypes is told as such, and not what comes of it.
func TestWhatIsMistyped(t *testing.T) {
	const head = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\n"
	const xhead = "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: db}\n"
	const served = "default/db a.yaml:1 a.example.com\n"
	for _, tt := range []struct{ name, text, want string }{
		{"a kind with two letters swapped", "apiVersion: v1\nkind: Servcie\nmetadata: {name: db}\n", "a.yaml:2: Error UnknownKind: there is no kind \"Servcie\": it is skipped; did you mean Service? => write kind: Service\n"},
		{"a kind in the singular", "apiVersion: v1\nkind: Endpoint\nmetadata: {name: db}\n", "a.yaml:2: Error UnknownKind: there is no kind \"Endpoint\": it is skipped; did you mean Endpoints? => write kind: Endpoints\n"},
		{"a kind of ours", "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalServce\n", "a.yaml:2: Error UnknownKind: there is no kind \"ExternalServce\": it is skipped; did you mean ExternalService? => write kind: ExternalService\n"},
		{"a kind and its version", "apiVersion: v1\nkind: EndpointSlices\n", "a.yaml:2: Error UnknownKind: there is no kind \"EndpointSlices\": it is skipped; did you mean EndpointSlice? => write apiVersion: discovery.k8s.io/v1 and kind: EndpointSlice\n"},
		{"a kind in a list", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Servcie\n", "a.yaml:5: Error UnknownKind: there is no kind \"Servcie\": it is skipped; did you mean Service? => write kind: Service\n"},
		{"a version of ours that is not", "apiVersion: fairlead.dev/v1\nkind: ExternalService\n", "a.yaml:1: Error UnknownVersion: there is no ExternalService in apiVersion \"fairlead.dev/v1\" => write apiVersion: fairlead.dev/v1alpha1\n"},
		{"a group that is mistyped", "apiVersion: fairlaed.dev/v1alpha1\nkind: ExternalService\n", "a.yaml:1: Warning UnknownVersion: there is no ExternalService in apiVersion \"fairlaed.dev/v1alpha1\": it is skipped; did you mean fairlead.dev/v1alpha1? => write apiVersion: fairlead.dev/v1alpha1\n"},
		{"another group of Kubernetes", "apiVersion: apps/v1\nkind: Service\nmetadata: {name: db}\n", "a.yaml:1: Warning UnknownVersion: there is no Service in apiVersion \"apps/v1\": it is skipped; did you mean v1? => write apiVersion: v1\n"},
		{
			"kinds that are somebody else's", kindsOf(
				"v1 Secret", "v1 ServiceAccount", "v1 Event", "v1 Node", "v1 Pod", "v1 PodTemplate", "v1 ConfigMap", "v1 ReplicationController", "v1 Config",
				"networking.k8s.io/v1 ServiceCIDR", "apiregistration.k8s.io/v1 APIService", "external-secrets.io/v1 ExternalSecret",
				"networking.istio.io/v1 VirtualService", "networking.istio.io/v1 ServiceEntry", "cilium.io/v2 CiliumEndpoint", "example.com/v1 Endpoint",
				"externaldns.k8s.io/v1alpha1 DNSEndpoint", "multicluster.x-k8s.io/v1alpha1 ServiceExport") + head + "spec: {type: ExternalName, externalName: a.example.com}\n",
			strings.Replace(served, ":1", ":55", 1) + ": Info KindsSkipped: 18 objects are not for Fairlead and skipped: 1 APIService, 1 CiliumEndpoint, 1 Config, 1 ConfigMap, 1 DNSEndpoint, 1 Endpoint, 1 Event, 1 ExternalSecret, 1 Node, 1 Pod, 1 PodTemplate, 1 ReplicationController, 1 Secret, 1 ServiceAccount, 1 ServiceCIDR, 1 ServiceEntry, 1 ServiceExport, 1 VirtualService\n",
		},
		{"apiversion", "kind: Service\napiversion: v1\nmetadata: {name: db}\n", "a.yaml:2: Error VersionMissing: unknown field apiversion; did you mean apiVersion? => write apiVersion: v1\n"},
		{"apiVersoin", "apiVersoin: v1\nkind: Service\n", "a.yaml:1: Error VersionMissing: unknown field apiVersoin; did you mean apiVersion? => write apiVersion: v1\n"},
		{"Kind", "apiVersion: v1\nKind: Service\n", "a.yaml:2: Error KindMissing: unknown field Kind; did you mean kind? => write kind\n"},
		{"neither", "# values\nlink: a\nreplicas: 3\n", "a.yaml:2: Warning KindMissing: this does not say what it is, and is skipped: it has neither kind nor apiVersion => write apiVersion: v1 and kind: Service, or what else it is meant to be; move it elsewhere if it is no manifest\n"},

		{"externalname", head + "spec:\n  type: ExternalName\n  externalname: a.example.com\n", "a.yaml:6: Error UnknownField: unknown field spec.externalname, and spec.externalName is missing; did you mean externalName? => write externalName\n"},
		{"no externalName", head + "spec:\n  type: ExternalName\n", "a.yaml:4: Error ExternalNameMissing: spec.externalName is missing => write externalName: db.example.com\n"},
		{"spce", head + "spce:\n  type: ExternalName\n  externalName: a.example.com\n", "a.yaml:4: Error UnknownField: unknown field spce, and spec is missing; did you mean spec? => write spec\n"},
		{"nmae", "apiVersion: v1\nkind: Service\nmetadata: {nmae: db}\nspec: {type: ExternalName, externalName: a.example.com}\n", "a.yaml:3: Error UnknownField: unknown field metadata.nmae, and metadata.name is missing; did you mean name? => write name\n"},
		{
			"addresstype", head + "spec: {clusterIP: None}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: db, labels: {kubernetes.io/service-name: db}}\naddresstype: IPv4\nendpoints: [{addresses: [10.0.1.25]}]\n",
			"default/db a.yaml:1 10.0.1.25\na.yaml:9: Warning UnknownField: unknown field addresstype, and addressType is missing; did you mean addressType? => write addressType\n",
		},
		{"what is not needed", head + "spec:\n  type: ExternalName\n  externalName: a.example.com\n  sessionaffinity: None\n", served + "a.yaml:7: Warning UnknownField: unknown field spec.sessionaffinity: it is ignored; did you mean sessionAffinity? => write sessionAffinity\n"},

		{"indentation lost", head + "spec:\ntype: ExternalName\nexternalName: a.example.com\n", "a.yaml:5: Error IndentationLost: type and externalName stand beside spec, which is empty, and belong below it => indent type and externalName by two spaces more than spec\n"},
		{"indentation lost in metadata and spec", "apiVersion: v1\nkind: Service\nmetadata:\nname: db\nspec:\ntype: ExternalName\nexternalName: a.example.com\nports: []\n", "a.yaml:4: Error IndentationLost: name stands beside metadata, which is empty, and belongs below it => indent name by two spaces more than metadata\n" +
			"a.yaml:6: Error IndentationLost: type, externalName and ports stand beside spec, which is empty, and belong below it => indent type, externalName and ports by two spaces more than spec\n"},
		{"indentation lost further in", xhead + "spec:\n  type: Headless\n  resolution:\n  minInterval: 5s\n  targets: [{name: a, hostname: a.example.com}]\n", "a.yaml:7: Error IndentationLost: minInterval stands beside resolution, which is empty, and belongs below it => indent minInterval by two spaces more than resolution\n"},
		{"nothing lost", head + "spec:\nx: 1\n", "a.yaml:4: Error PortsMissing: a Service with a virtual IP needs at least one port => write ports: [{port: 5432}], or clusterIP: None for a name without a virtual IP\n" +
			"a.yaml:5: Warning UnknownField: unknown field x: it is ignored => delete it, or look for the right name in kubectl explain\n"},

		{
			"a Service with a wrong type, and its Endpoints", "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: lots}]}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: db}\nsubsets: [{addresses: [{ip: 10.0.1.25}], ports: [{port: 80}]}]\n",
			"a.yaml:4: Error WrongType: spec.ports[0].port must be a whole number, and is the string \"lots\" => write a whole number\n",
		},
		{
			"Endpoints with a wrong type, and their Service", "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 80}]}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: db}\nsubsets: [{addresses: [{ip: 10.0.1.25}], ports: [{port: lots}]}]\n",
			"default/db a.yaml:1\na.yaml:9: Error WrongType: subsets[0].ports[0].port must be a whole number, and is the string \"lots\" => write a whole number\n",
		},
		{
			"an EndpointSlice with a wrong type, and its Service", "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: None}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: 4\nmetadata: {name: db-1, labels: {kubernetes.io/service-name: db}}\n",
			"default/db a.yaml:1\na.yaml:8: Error WrongType: addressType must be a string, and is the number 4 => write it in quotes: \"4\"\n",
		},
		{
			"Endpoints in the service range", "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 80}]}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: db}\nsubsets: [{addresses: [{ip: 127.96.0.77}], ports: [{port: 80}]}]\n",
			"default/db a.yaml:1\na.yaml:9: Error AddressIsVirtual: 127.96.0.77 is in the service range 127.96.0.0/16; a virtual IP cannot be an endpoint, the relay would call itself: this address is left out => write the address that the external service listens on, or start with another --service-cidr\n",
		},

		{"all at once, after a bad name", "apiVersion: v1\nkind: Service\nmetadata: {name: My_DB}\nspec:\n  type: ExternalName\n  externalName: https://a.example.com\n", "a.yaml:3: Error InvalidName: \"My_DB\" is not a valid DNS label: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character => write my-db\n" +
			"a.yaml:6: Error InvalidHostname: \"https://a.example.com\" is a URL, not a hostname => write a.example.com\n"},
		{"all at once, after a wrong type", xhead + "spec:\n  ports: [{port: lots, prot: 1}]\n  targets: [{name: 1, hostnmae: a}]\n", "a.yaml:5: Error WrongType: spec.ports[0].port must be a whole number, and is the string \"lots\" => write a whole number\n" +
			"a.yaml:5: Error UnknownField: unknown field spec.ports[0].prot; did you mean port? => write port\n" +
			"a.yaml:6: Error UnknownField: unknown field spec.targets[0].hostnmae; did you mean hostname? => write hostname\n" +
			"a.yaml:6: Error WrongType: spec.targets[0].name must be a string, and is the number 1 => write it in quotes: \"1\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFolder(t)
			f.write("a.yaml", tt.text)
			if got := f.words(f.load(f.loader("a.yaml"))); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// kindsOf writes objects of these versions and kinds.
func kindsOf(kinds ...string) string {
	var b strings.Builder
	for _, k := range kinds {
		version, kind, _ := strings.Cut(k, " ")
		b.WriteString("apiVersion: " + version + "\nkind: " + kind + "\n---\n")
	}
	return b.String()
}

// A mistake that turns out to be an Error keeps the last good version, as every
// other does.
func TestACauseIsAnError(t *testing.T) {
	good := service("a", "a.example.com")
	runSteps(t, []step{
		{"good", write("a.yaml", good), "default/a a.yaml:1 a.example.com\n"},
		{"mistyped", write("a.yaml", strings.Replace(good, "externalName:", "externalname:", 1)), "default/a a.yaml:1 a.example.com\n" +
			"a.yaml:7: Error UnknownField: unknown field spec.externalname, and spec.externalName is missing; did you mean externalName? => write externalName\n" + kept("a.yaml", "1 service is")},
	})
}

// Errors come first, then Warnings, each by file and line.
func TestProblemsInOrder(t *testing.T) {
	f := newFolder(t)
	warned := strings.Replace(service("w", "w.example.com"), "spec:", "x: 1\nspec:", 1)
	f.write("a.yaml", docs(warned, service("a", ""), "kind: Pod\n", "kind: Servcie\n"))
	f.write("b.yaml", docs(service("b", ""), strings.Replace(warned, "name: w", "name: v", 1)))
	var got strings.Builder
	for _, p := range f.load(f.loader()).Problems {
		fmt.Fprintf(&got, "%s %s\n", strings.TrimPrefix(p.File, f.path), p.Severity)
	}
	if want := "/a.yaml Error\n/a.yaml Error\n/b.yaml Error\n/a.yaml Warning\n/b.yaml Warning\n Info\n"; got.String() != want {
		t.Errorf("problems are\n%s\nwant\n%s", got.String(), want)
	}
}

// That a file is right again is news once; so is what an edit took away.
func TestMendedAndRemoved(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "a.example.com"))
	f.write("b.yaml", docs(service("b", ""), service("c", "")))
	l := f.loader("a.yaml", "b.yaml", ".")
	for i, s := range []struct {
		edit    func(folder)
		mended  string
		removed int
	}{
		{func(folder) {}, "", 0},
		{write("b.yaml", service("b", "b.example.com"), service("c", "")), "", 0},
		{write("b.yaml", service("b", "b.example.com"), service("c", "c.example.com")), "b.yaml", 0},
		{func(folder) {}, "", 0},
		{write("a.yaml", brokenSyntax), "", 0},
		{write("a.yaml", service("a", "a.example.com")), "a.yaml", 0},
		{write("b.yaml", "# nothing\n"), "", 2},
		{func(folder) {}, "", 0},
		{write("a.yaml", service("new", "a.example.com")), "", 1},
		{func(f folder) { f.rename("a.yaml", "x.yaml") }, "", 0},
		{func(f folder) { f.rename("x.yaml", "a.yaml") }, "a.yaml", 0},
		{write("c/c.yaml", brokenSyntax), "", 0},
		{remove("c"), "", 0},
	} {
		s.edit(f)
		d := f.load(l)
		if got := strings.ReplaceAll(strings.Join(d.Mended, " "), f.path+"/", ""); got != s.mended || d.Removed != s.removed {
			t.Errorf("load %d: mended %q, %d removed, want %q and %d", i, got, d.Removed, s.mended, s.removed)
		}
	}
}
