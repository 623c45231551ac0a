package file

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const consent = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: probe\n  namespace: shop\n  annotations: {fairlead.dev/allow-probe: \"true\"}\n"

// follows is a service that logs in with Secret shop/probe.
const follows = "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: db, namespace: shop}\nspec:\n  ports: [{port: 5432}]\n" +
	"  targets: [{name: a, addresses: [10.0.1.25]}]\n  probe:\n    postgres:\n      role: primary\n      credentialsSecretRef: {name: probe}\n"

// login is what a Loader says of Secret shop/probe.
func login(l *Loader) string {
	username, password, err := l.Credentials("shop", "probe")
	if err != nil {
		return err.Error()
	}
	return username + "/" + password
}

const (
	noSecret  = `there is no Secret shop/probe in the manifests; write one of type kubernetes.io/basic-auth with username and password, and with the annotation fairlead.dev/allow-probe: "true"`
	noConsent = `Secret shop/probe does not consent that the targets of probes are told what it holds; if they may be, write the annotation fairlead.dev/allow-probe: "true" on it`
)

// TestCredentials follows one Secret through its edits.
func TestCredentials(t *testing.T) {
	f := newFolder(t)
	f.write("db.yaml", follows)
	l := f.loader()
	if got := login(l); got != noSecret {
		t.Errorf("before anything is read: %s", got)
	}
	lacks := func(why string) string {
		return "db.yaml:10: Warning CredentialsMissing: " + strings.Replace(why, "; ", " => ", 1) + "\n"
	}
	skipped := ": Info KindsSkipped: 1 object is not for Fairlead and skipped: 1 Secret\n"
	keptBack := kept("secret.yaml", "0 services are")
	for _, s := range []struct {
		name, text, want, says string
	}{
		{"none", "", noSecret, lacks(noSecret)},
		{"encoded", consent + "data: {username: cHJvYmU=, password: czNjcmV0}\n", "probe/s3cret", ""},
		{"as it is", consent + "type: kubernetes.io/basic-auth\nstringData: {username: probe, password: \"0987\"}\n", "probe/0987", ""},
		{"without a user", consent + "stringData: {password: s3cret}\n", "/s3cret", ""},
		{"a number", consent + "stringData: {username: probe, password: 31337}\n", "/s3cret", "secret.yaml:7: Error WrongType: stringData[password] must be a string, and is a number => write it in quotes: \"...\"\n" + keptBack},
		{"no base64", consent + "data: {username: cHJvYmU=, password: s3cret!}\n", "/s3cret", "secret.yaml:7: Error WrongType: data[password] must be text in base64, and is a string => encode it with base64 -w0; a Secret takes it as it is under stringData\n" + keptBack},
		{"mended", consent + "stringData: {username: probe, password: \"31337\"}\n", "probe/31337", ""},
		{
			"other keys", consent + "stringData: {user: probe, pass: s3cret}\n", "Secret shop/probe has neither username nor password; write them under stringData: {username: probe, password: ...}",
			lacks("Secret shop/probe has neither username nor password; write them under stringData: {username: probe, password: ...}"),
		},
		{"consent is taken back", strings.Replace(consent, `"true"`, `"no"`, 1) + "stringData: {password: s3cret}\n", noConsent, lacks(noConsent) + skipped},
		{"in another namespace", strings.Replace(consent, "shop", "other", 1) + "stringData: {password: s3cret}\n", noSecret, lacks(noSecret)},
		{"in a list", "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(consent, "\n", "\n  ") + "stringData: {password: s3cret}\n", "/s3cret", ""},
		{
			"twice", consent + "stringData: {password: first}\n---\n" + consent + "stringData: {password: second}\n", "/s3cret",
			"secret.yaml:9: Error DefinedTwice: shop/probe is already defined by Secret in DIR/secret.yaml:1; that one stays and this one is not used => delete one of the two (DIR/secret.yaml:1, DIR/secret.yaml:9), or give one another name or namespace\n" + keptBack,
		},
		{"beside one that does not consent", strings.Replace(consent, `"true"`, `"no"`, 1) + "stringData: {password: other}\n---\n" + consent + "stringData: {password: s3cret}\n", "/s3cret", skipped},
		{"without a name", strings.Replace(consent, "  name: probe\n", "", 1), "/s3cret", "secret.yaml:3: Error NameMissing: a Secret needs a name => write metadata: {name: analytics-db-probe}\n" + keptBack + skipped},
		{"gone", "# nothing\n", noSecret, lacks(noSecret)},
	} {
		if s.text != "" {
			f.write("secret.yaml", s.text)
		}
		d := f.load(l)
		if got := login(l); got != s.want {
			t.Errorf("%s: %s\nwant %s", s.name, got, s.want)
		}
		if got := f.problems(d.Problems); got != s.says {
			t.Errorf("%s: got\n%s\nwant\n%s", s.name, got, s.says)
		}
		if len(d.Services) != 1 {
			t.Errorf("%s: %d services", s.name, len(d.Services))
		}
	}
}

// A newcomer never takes the place of the Secret that stands.
func TestSecretsInTwoFiles(t *testing.T) {
	f := newFolder(t)
	f.write("b.yaml", consent+"stringData: {password: first}\n")
	l := f.loader()
	f.load(l)
	f.write("a.yaml", consent+"stringData: {password: second}\n")
	d := f.load(l)
	if got := login(l); got != "/first" {
		t.Errorf("%s", got)
	}
	if got := f.problems(d.Problems); !strings.HasPrefix(got, "a.yaml:1: Error DefinedTwice: ") || !strings.Contains(got, "DIR/b.yaml:1") {
		t.Errorf("got %s", got)
	}
	f.remove("b.yaml")
	f.load(l)
	if got := login(l); got != "/second" {
		t.Errorf("%s", got)
	}
}

// TestSecretsAreNotTold: whatever is wrong with a Secret, nobody reads in a problem,
// or in a snapshot, what it holds.
func TestSecretsAreNotTold(t *testing.T) {
	const s3cret, number = "hunter2", "31337313373133731337"
	texts := []string{
		consent + "stringData: {password: " + number + "}\n",
		consent + "stringData: {password: 3133731337.31337}\n",
		consent + "stringData: {password: 0x3133731337}\n",
		consent + "stringData: {password: yes" + number + "\n",
		consent + "stringData: {password: [" + s3cret + "]}\n",
		consent + "stringData: {password: {" + s3cret + ": 1}}\n",
		consent + "stringData: {" + s3cret + ": 1, " + s3cret + ": 2}\n",
		consent + "stringData: {" + s3cret + ": a, " + s3cret + ": b}\n",
		consent + "stringData: " + s3cret + "\n",
		consent + "stringData: [" + s3cret + "]\n",
		consent + "stringData: {password: *" + s3cret + "}\n",
		consent + "stringData:\n  password: !" + s3cret + "!x y\n",
		consent + "stringData:\n  password: " + s3cret + ": x\n",
		consent + "stringData:\n  password: \"" + s3cret + "\n",
		consent + "stringData:\n\tpassword: " + s3cret + "\n",
		consent + "stringData: {<<: " + s3cret + "}\n",
		consent + "stringData: {? [" + s3cret + "] : x}\n",
		consent + "data: {password: " + s3cret + "}\n",
		consent + "data: {password: " + number + "}\n",
		consent + "data: " + s3cret + "\n",
		consent + "immutable: " + s3cret + "\n",
		consent + "immutable: " + number + "\n",
		consent + "type: [" + s3cret + "]\n",
		consent + "stringdata: {password: " + s3cret + "}\n",
		consent + "stringData:\npassword: " + s3cret + "\n",
		strings.Replace(consent, "name: probe", "name: [probe]", 1) + "stringData: {password: " + s3cret + "}\n",
		strings.Replace(consent, "Secret", "secret", 1) + "stringData: {password: " + number + "}\n",
		strings.Replace(consent, "v1", "v2", 1) + "stringData: {password: " + number + "}\n",
		strings.Replace(consent, "kind: Secret", "kinds: Secret", 1) + "stringData: {password: " + number + "}\n",
		strings.Replace(consent, `"true"`, "true", 1) + "stringData: {password: " + s3cret + "}\n",
		strings.Replace(consent, `"true"`, `"no"`, 1) + "stringData: {password: " + number + "}\n",
		`{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "probe"}, "stringData": {"password": ` + s3cret + `}}`,
		`{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "probe", "annotations": {"fairlead.dev/allow-probe": "true"}}, "stringData": {"password": ` + number + `}}`,
		consent + "stringData: {password: " + s3cret + "}\n---\n" + consent + "stringData: {password: " + s3cret + "}\n",
	}
	silent := 0
	for _, text := range texts {
		f := newFolder(t)
		f.write("db.yaml", follows)
		f.write("secret.yaml", text)
		d := f.load(f.loader())
		shown, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		said := string(shown) + fmt.Sprintf("%+v", d)
		for _, part := range []string{s3cret, "3133731337"} {
			if strings.Contains(said, part) {
				t.Errorf("%s is told of\n%s\n%s", part, text, f.problems(d.Problems))
			}
		}
		if !strings.Contains(f.problems(d.Problems), "secret.yaml") {
			silent++
			t.Logf("nothing is said of\n%s", text)
		}
	}
	if silent > 2 { // two do not consent, and are nobody's business here
		t.Errorf("%d of the mistakes are not told at all", silent)
	}
}
