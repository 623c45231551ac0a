package file

import (
	"strings"
	"testing"
)

// What is wrong with a text is told with its line, and what to write instead.
func TestWhatIsWrongWithAText(t *testing.T) {
	const spec = "spec: {type: ExternalName, externalName: a.example.com}\n"
	const head = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\n"
	const xhead = "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: db}\n"
	const served = "default/db a.yaml:1 a.example.com\n"
	const nothing = ": Warning NothingHere: there is nothing to serve in DIR/a.yaml => write a Service, an EndpointSlice or an ExternalService there, or name another path\n"
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "a.yaml" + nothing},
		{"comments only", "# later\n---\n# much later\n", "a.yaml" + nothing},
		{"null", "---\nnull\n---\n~\n", "a.yaml" + nothing},
		{"empty documents around", "---\n---\n# a\n---\n" + head + spec + "---\n---\n", strings.ReplaceAll(served, ":1", ":5")},
		{"byte order mark", "\ufeff" + head + spec, served},
		{"CRLF", strings.ReplaceAll("---\n"+head+spec+"---\n"+service("eb", "b.example.com"), "\n", "\r\n"), "default/db a.yaml:2 a.example.com\ndefault/eb a.yaml:7 b.example.com\n"},
		{"marker with a comment", "--- # one\n" + head + spec, strings.ReplaceAll(served, ":1", ":2")},
		{"marker with content", "--- {apiVersion: v1, kind: Service, metadata: {name: db}, " + strings.TrimSpace(spec) + "}\n", served},
		{"directive", "%YAML 1.2\n---\n" + head + spec, strings.ReplaceAll(served, ":1", ":3")},
		{"end marker", head + spec + "...\n", served},
		{"two documents without marker", head + spec + "...\napiVersion: v1\nkind: Service\nmetadata: {name: eb}\nspec: {type: ExternalName}\n", served +
			"a.yaml:6: Error InvalidYAML: not valid YAML: did not find expected <document start> => write --- on a line of its own between two documents\n"},
		{"anchors", "apiVersion: v1\nkind: Service\nmetadata: {name: &n db, labels: {app: *n}}\n" + spec, served},
		{"merge key", head + "x: &x {type: ExternalName, externalName: b.example.com}\nspec:\n  <<: *x\n  externalName: a.example.com\n", served +
			"a.yaml:4: Warning UnknownField: unknown field x: it is ignored => delete it, or look for the right name in kubectl explain\n"},
		{"merge of a scalar", head + "spec:\n  <<: a\n", "a.yaml:5: Error InvalidYAML: a merge key (<<) takes mappings only => write <<: *ANCHOR, where the anchor stands at a mapping\n"},
		{"merge of merges", head + "spec:\n  <<: {<<: {a: b}}\n", "a.yaml:5: Error InvalidYAML: a merged mapping has a merge key (<<) itself, which is not supported => write the values out\n"},
		{"numbers and booleans of old", head + "spec:\n  type: ExternalName\n  externalName: a.example.com\n  publishNotReadyAddresses: yes\n  ports: [{port: 0x50}, {port: 0o120}]\n", served},
		{"keys that are numbers", "apiVersion: v1\nkind: Service\nmetadata: {name: db, labels: {1: a}}\n" + spec, served},

		{"a tab", "apiVersion: v1\nkind: Service\nmetadata:\n\tname: db\n", "a.yaml:4: Error InvalidYAML: not valid YAML: found character that cannot start any token => indent with spaces: YAML takes no tabs\n"},
		{"a tab later", "apiVersion: v1\nkind: Service\nmetadata:\n  name: db\n\tnamespace: x\n", "a.yaml:5: Error InvalidYAML: not valid YAML: found a tab character that violates indentation => indent with spaces: YAML takes no tabs\n"},
		{"a colon", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a: b\n", "a.yaml:4: Error InvalidYAML: not valid YAML: mapping values are not allowed in this context => check the indentation of this line and the one above; a value with a colon in it needs quotes\n"},
		{"indentation", "apiVersion: v1\nkind: Service\nmetadata:\n    name: db\n  namespace: x\n", "a.yaml:5: Error InvalidYAML: not valid YAML: did not find expected key => check the indentation, and that brackets and quotes are closed\n"},
		{"a bracket", "apiVersion: v1\nkind: Service\nmetadata: {name: db\nspec: {}\n", "a.yaml:3: Error InvalidYAML: not valid YAML: did not find expected ',' or '}' => check the indentation, and that brackets and quotes are closed\n"},
		{"an anchor that is not", "apiVersion: v1\nkind: Service\nmetadata: *m\n", "a.yaml:3: Error InvalidYAML: not valid YAML: unknown anchor 'm' referenced => write &NAME at the value first; an anchor holds in its own document only\n"},
		{"a template", "apiVersion: v1\nkind: Service\nmetadata:\n  {{- include \"x\" . }}\n", "a.yaml:4: Error InvalidYAML: not valid YAML: did not find expected node content => " + templateHint + "\n"},
		{"a template that is nearly YAML", "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n", "a.yaml:4: Error InvalidYAML: a key of this mapping is not a string => " + templateHint + "\n"},
		{"a key twice", head + "spec:\n  type: ExternalName\n  externalName: a.example.com\n  externalName: b.example.com\n", "a.yaml:7: Error InvalidYAML: externalName is written twice in one mapping, first one line above => delete one of the two\n"},
		{"a key twice, far away", head + "spec: {}\ntype: a\nspec: {}\n", "a.yaml:6: Error InvalidYAML: spec is written twice in one mapping, first 2 lines above => delete one of the two\n"},
		{"a key twice in a line", head + "spec: {type: a, type: b}\n", "a.yaml:4: Error InvalidYAML: type is written twice in one mapping, first on the same line => delete one of the two\n"},
		{"a key that is a list", head + "spec:\n  ? [a]\n  : b\n", "a.yaml:5: Error InvalidYAML: a key of this mapping is not a string => write FIELD: VALUE; a value that begins with { or [ needs quotes\n"},
		{"a key that is null", head + "spec:\n  ~: b\n", "a.yaml:5: Error InvalidYAML: a key of this mapping is not a string => write FIELD: VALUE; a value that begins with { or [ needs quotes\n"},
		{"an anchor in itself", head + "spec: &s\n  x: *s\n", "a.yaml:5: Error InvalidYAML: the document is nested more than 200 deep => no manifest is; does an anchor stand for something around it?\n"},
		{"no number", head + "spec: {ports: [{port: .nan}]}\n", "a.yaml:4: Error InvalidYAML: .nan has no place in a manifest => write it in quotes if it is meant as text\n"},
		{"a large number", head + "spec: {ports: [{port: 0x1ffffffffffffffffff}]}\n", "a.yaml:4: Error WrongType: spec.ports[0].port must be a whole number, and is the string \"0x1ffffffffffffffffff\" => write a whole number\n"},

		{"text", "hello\n", "a.yaml:1: Error NotAManifest: this is text, and a manifest is a mapping with apiVersion and kind => write apiVersion: v1 and kind: Service, each on a line of its own\n"},
		{"no kind", "apiVersion: v1\nmetadata: {name: db}\n", "a.yaml:1: Error KindMissing: this object does not say what it is => write kind: Service, or what else it is meant to be\n"},
		{"no version", "kind: EndpointSlice\nmetadata: {name: db}\n", "a.yaml:1: Error VersionMissing: this EndpointSlice has no apiVersion => write apiVersion: discovery.k8s.io/v1\n"},
		{"kind in lower case", "apiVersion: v1\nkind: service\nmetadata: {name: db}\n", "a.yaml:2: Error UnknownKind: there is no kind \"service\" => write kind: Service\n"},
		{"another version", "kind: Service\napiVersion: v2\nmetadata: {name: db}\n", "a.yaml:2: Error UnknownVersion: there is no Service in apiVersion \"v2\" => write apiVersion: v1\n"},
		{"a version of old", "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\n", "a.yaml:1: Error UnknownVersion: there is no EndpointSlice in apiVersion \"discovery.k8s.io/v1beta1\" => write apiVersion: discovery.k8s.io/v1\n"},
		{
			"other kinds", "apiVersion: apps/v1\nkind: Deployment\n---\napiVersion: serving.knative.dev/v1\nkind: Service\n---\nreplicas: 3\n---\n- a\n---\napiVersion: apps/v1\nkind: Deployment\n---\n" + head + spec,
			"default/db a.yaml:14 a.example.com\n" +
				"a.yaml:7: Warning KindMissing: this does not say what it is, and is skipped: it has neither kind nor apiVersion => write apiVersion: v1 and kind: Service, or what else it is meant to be; move it elsewhere if it is no manifest\n" +
				"a.yaml:9: Warning NotAManifest: this is a list, and a manifest is a mapping with apiVersion and kind: it is skipped => write each object as a document of its own, with --- on a line of its own between two\n" +
				": Info KindsSkipped: 3 objects are not for Fairlead and skipped: 2 Deployment, 1 Service of serving.knative.dev/v1\n",
		},

		{"an unknown field of Kubernetes", head + "spec:\n  type: ExternalName\n  externalName: a.example.com\n  externalname: b.example.com\n", served +
			"a.yaml:7: Warning UnknownField: unknown field spec.externalname: it is ignored; did you mean externalName? => write externalName\n"},
		{"an unknown field of ours", xhead + "spec:\n  type: Headless\n  targets:\n  - name: a\n    hostnmae: a.example.com\n", "a.yaml:8: Error UnknownField: unknown field spec.targets[0].hostnmae; did you mean hostname? => write hostname\n"},
		{"a status, as kubectl prints it", xhead + "spec:\n  type: Headless\n  targets: [{name: a, hostname: a.example.com}]\nstatus: {conditions: [], whatever: 1}\n", served},
		{"a status of another version", xhead + "spec:\n  type: Headless\n  targets: [{name: a, hostname: a.example.com}]\nstatus:\n  conditions: {Ready: yes}\n  active: primary\n", served},
		{"a status of a Service", head + "spec:\n  type: ExternalName\n  externalName: a.example.com\nstatus:\n  loadBalancer: none\n", served},
		{"an unknown field like none", xhead + "spec:\n  type: Headless\n  targets: [{name: a, hostname: a.example.com}]\n  retries: 3\n", "a.yaml:7: Error UnknownField: unknown field spec.retries => the fields here are failover, gateway, ports, probe, resolution, sessionAffinity, targets, type\n"},
		{"wrong types", "apiVersion: v1\nkind: Service\nmetadata:\n  name: 5\n  labels: [a]\n  creationTimestamp: today\nspec:\n  ports:\n  - {port: abc, targetPort: [80]}\n  - {port: \"80\"}\n  selector: x\n  publishNotReadyAddresses: maybe\n  externalIPs: 1.2.3.4\n", `a.yaml:4: Error WrongType: metadata.name must be a string, and is the number 5 => write it in quotes: "5"
a.yaml:5: Error WrongType: metadata.labels must be a mapping, and is a list => write FIELD: VALUE, each on a line of its own
a.yaml:6: Error WrongType: metadata.creationTimestamp must be a time such as 2025-07-28T12:00:00Z, and is the string "today" => write a time such as 2025-07-28T12:00:00Z
a.yaml:9: Error WrongType: spec.ports[0].port must be a whole number, and is the string "abc" => write a whole number
a.yaml:9: Error WrongType: spec.ports[0].targetPort must be a port number or a port name, and is a list => write a port number or a port name
a.yaml:10: Error WrongType: spec.ports[1].port must be a whole number, and is the string "80" => write it without quotes: 80
a.yaml:11: Error WrongType: spec.selector must be a mapping, and is the string "x" => write FIELD: VALUE, each on a line of its own
a.yaml:12: Error WrongType: spec.publishNotReadyAddresses must be true or false, and is the string "maybe" => write true or false
a.yaml:13: Error WrongType: spec.externalIPs must be a list, and is the string "1.2.3.4" => begin each item with a hyphen on a line of its own, or write [ ] around all
`},
		{"a bundle that is base64, and one that is not", xhead + "spec:\n  ports: [{port: a}]\n  targets: [{name: a, hostname: a.example.com}]\n  probe:\n    http: {scheme: https, caBundle: QUJD}\n    tls: {caBundle: \"-----BEGIN\"}\n", `a.yaml:5: Error WrongType: spec.ports[0].port must be a whole number, and is the string "a" => write a whole number
a.yaml:9: Error WrongType: spec.probe.tls.caBundle must be text in base64, and is the string "-----BEGIN" => encode it with base64 -w0; a Secret takes it as it is under stringData
`},
		{"wrong types of ours", xhead + "spec:\n  ports: [{port: 1.5}]\n  targets: [{name: yes, priority: 99999999999}]\n  resolution:\n    minInterval: 5\n    maxInterval: 5 minutes\n", `a.yaml:5: Error WrongType: spec.ports[0].port must be a whole number, and is the number 1.5 => write a whole number
a.yaml:6: Error WrongType: spec.targets[0].name must be a string, and is the boolean yes => write it in quotes: "yes"
a.yaml:6: Error WrongType: spec.targets[0].priority must be a whole number, and is the number 99999999999 => write a whole number
a.yaml:8: Error WrongType: spec.resolution.minInterval must be a duration such as 5s or 1m30s, and is the number 5 => write a duration such as 5s or 1m30s
a.yaml:9: Error WrongType: spec.resolution.maxInterval must be a duration such as 5s or 1m30s, and is the string "5 minutes" => write a duration such as 5s or 1m30s
`},

		{
			"a List", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: db}\n  " + spec + "- apiVersion: v1\n  kind: Service\n  metadata: {name: eb}\n  spec:\n    type: ExternalName\n    externalName: 10.0.1\n- apiVersion: v1\n  kind: Pod\n",
			"default/db a.yaml:4 a.example.com\na.yaml:13: Error ExternalNameIsIP: 10.0.1 is an IP address; externalName takes a DNS name, and DNS would look for a name made of digits => write a DNS name; for an IP address write an ExternalService with addresses: [10.0.1.25]\n: Info KindsSkipped: 1 object is not for Fairlead and skipped: 1 Pod\n",
		},
		{"a ServiceList", "apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: db}\n  " + spec, "default/db a.yaml:4 a.example.com\n"},
		{"a list in a list", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: []\n", "a.yaml:4: Error NestedList: a List in a List is not read => write its items into the outer List\n"},
		{"a list without items", "apiVersion: v1\nkind: List\n", "a.yaml" + nothing},
		{"a list of another kind", "apiVersion: v1\nkind: PodList\nitems: [{}]\n", "a.yaml" + nothing + ": Info KindsSkipped: 1 object is not for Fairlead and skipped: 1 PodList\n"},

		{"JSON", "{\n\t\"apiVersion\": \"v1\", \"kind\": \"Service\",\n\t\"metadata\": {\"name\": \"db\", \"annotations\": {\"a\": \"\\ud83d\\ude00 \\\\ud83d\"}},\n\t\"spec\": {\"type\": \"ExternalName\", \"externalName\": \"a.example.com\"}\n}\n", served},
		{
			"JSON one after the other", `{"apiVersion":"v1","kind":"Service","metadata":{"name":"db"},"spec":{"type":"ExternalName","externalName":"a.example.com"}}` + "\n" +
				`{"apiVersion":"v1","kind":"Service","metadata":{"name":"eb"},` + "\n" + `"spec":{"type":"ExternalName","externalName":"b:1"}}` + "\n",
			served + "a.yaml:3: Error InvalidHostname: \"b:1\" has a port, and a name cannot => write b, and the port in ports: [{port: 1}]\n",
		},
		{"broken JSON", "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Service\"\n  \"metadata\": {}\n}\n", "a.yaml:4: Error InvalidYAML: not valid JSON: invalid character '\"' after object key:value pair => check the commas, brackets and quotes on this line and the one above\n"},

		{"UTF-16", "\xff\xfea\x00", "a.yaml: Error NotText: the file is UTF-16 => save it as UTF-8\n"},
		{"bytes", "apiVersion: v1\nkind: \xffService\n", "a.yaml:2: Error NotText: the file is not text: it has bytes that no UTF-8 text has => save it as UTF-8, or move it elsewhere\n"},
		{"zeros", "apiVersion: v1\n\n\x00\x00", "a.yaml:3: Error NotText: the file is not text: it has bytes that no UTF-8 text has => save it as UTF-8, or move it elsewhere\n"},
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

// An alias costs a few bytes, and may stand for billions of values.
func TestYAMLBombs(t *testing.T) {
	const tooMuch = "the aliases in this document stand for more than 100000 values => write the values out, or use fewer anchors\n"
	var aliases, merges strings.Builder
	aliases.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for _, n := range []string{"01", "12", "23", "34", "45", "56", "67", "78"} {
		item := "*a" + n[:1]
		aliases.WriteString("a" + n[1:] + ": &a" + n[1:] + " [" + strings.Repeat(item+", ", 8) + item + "]\n")
	}
	aliases.WriteString(service("db", "a.example.com"))
	merges.WriteString("m: &m\n")
	for i := range 400 {
		merges.WriteString("  k" + strings.Repeat("x", i) + ": 1\n")
	}
	anchor, db := merges.String(), service("db", "a.example.com")
	for name, text := range map[string]string{
		"aliases":           aliases.String(),
		"merges":            anchor + "n:\n" + strings.Repeat("- {<<: *m}\n", 400) + db,
		"merges for naught": anchor + "n: {<<: [" + strings.Repeat("*m, ", 400) + "*m]}\n" + db,
	} {
		f := newFolder(t)
		f.write("a.yaml", docs(text, service("good", "b.example.com")))
		got := f.words(f.load(f.loader()))
		if !strings.Contains(got, tooMuch) || !strings.HasPrefix(got, "default/good ") || strings.Contains(got, "default/db ") {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}
