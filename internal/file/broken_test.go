package file

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const brokenSyntax = "apiVersion: v1\nkind: [\n"

// step is an edit, and what is then served and said.
type step struct {
	name string
	edit func(f folder)
	want string
}

func runSteps(t *testing.T, steps []step) {
	t.Helper()
	f := newFolder(t)
	var l *Loader
	for _, s := range steps {
		s.edit(f)
		if l == nil {
			l = f.loader()
		}
		if got := f.words(f.load(l)); got != s.want {
			t.Fatalf("%s: got\n%s\nwant\n%s", s.name, got, s.want)
		}
	}
}

func kept(file string, n string) string {
	return file + ": Warning LastGoodVersion: the file has errors, so that its last good version stays in effect: " + n + " served as before => mend the errors, and it is read again\n"
}

const (
	syntaxError2  = ":2: Error InvalidYAML: not valid YAML: did not find expected node content => check the indentation, and that brackets and quotes are closed\n"
	hostnameEmpty = ": Error ExternalNameMissing: spec.externalName is missing => write externalName: db.example.com\n"
)

func write(name string, texts ...string) func(folder) {
	return func(f folder) { f.write(name, docs(texts...)) }
}

func remove(name string) func(folder) { return func(f folder) { f.remove(name) } }

func TestABrokenFileChangesNothing(t *testing.T) {
	a, b, empty := service("a", "a.example.com"), service("b", "b.example.com"), service("b", "")
	both := "default/a all.yaml:1 a.example.com\ndefault/b all.yaml:9 b.example.com\n"
	runSteps(t, []step{
		{"good", write("all.yaml", a, b), both},
		{"one document is no YAML", write("all.yaml", a, brokenSyntax), both + "all.yaml:10: Error InvalidYAML: not valid YAML: did not find expected node content => check the indentation, and that brackets and quotes are closed\n" + kept("all.yaml", "2 services are")},
		{"one service is refused", write("all.yaml", service("a", "new.example.com"), empty), both + "all.yaml:15" + hostnameEmpty + kept("all.yaml", "2 services are")},
		{"one service more, which is refused", write("all.yaml", service("a", "new.example.com"), b, service("c", "")), both + "all.yaml:23" + hostnameEmpty + kept("all.yaml", "2 services are")},
		{"mended", write("all.yaml", service("a", "new.example.com"), b), strings.Replace(both, "a.example", "new.example", 1)},
		{"truncated", write("all.yaml"), strings.Replace(both, "a.example", "new.example", 1) + "all.yaml: Error FileEmpty: the file is empty, and 2 services are served from it => delete the file, or write a comment into it, to stop serving them\n" + kept("all.yaml", "2 services are")},
		{"emptied with intent", write("all.yaml", "# nothing any more\n"), ": Warning NothingHere: there is nothing to serve in DIR => write a Service, an EndpointSlice or an ExternalService there, or name another path\n"},
	})
}

func TestAFileThatWasNeverGood(t *testing.T) {
	a, b, c := service("a", "a.example.com"), service("b", "b.example.com"), service("c", "c.example.com")
	runSteps(t, []step{
		{"one of three is broken", write("all.yaml", a, service("b", ""), c), "default/a all.yaml:1 a.example.com\ndefault/c all.yaml:17 c.example.com\nall.yaml:15" + hostnameEmpty},
		{"what was right is changed", write("all.yaml", a, service("b", ""), service("c", "new.example.com")), "default/a all.yaml:1 a.example.com\ndefault/c all.yaml:17 new.example.com\nall.yaml:15" + hostnameEmpty},
		{"what was right is taken out", write("all.yaml", service("b", ""), c), "default/c all.yaml:9 c.example.com\nall.yaml:7" + hostnameEmpty},
		{"one more is right", write("all.yaml", service("b", "h:1"), c, a), "default/a all.yaml:17 a.example.com\ndefault/c all.yaml:9 c.example.com\nall.yaml:7: Error InvalidHostname: \"h:1\" has a port, and a name cannot => write h, and the port in ports: [{port: 1}]\n"},
		{"what was right is broken too", write("all.yaml", service("b", "h:1"), brokenSyntax, a), "default/a all.yaml:17 a.example.com\ndefault/c all.yaml:9 c.example.com\n" +
			"all.yaml:7: Error InvalidHostname: \"h:1\" has a port, and a name cannot => write h, and the port in ports: [{port: 1}]\n" +
			"all.yaml:10: Error InvalidYAML: not valid YAML: did not find expected node content => check the indentation, and that brackets and quotes are closed\n" +
			kept("all.yaml", "2 services are")},
		{"all is right", write("all.yaml", a, b, c), "default/a all.yaml:1 a.example.com\ndefault/b all.yaml:9 b.example.com\ndefault/c all.yaml:17 c.example.com\n"},
		{"and broken", write("all.yaml", brokenSyntax), "default/a all.yaml:1 a.example.com\ndefault/b all.yaml:9 b.example.com\ndefault/c all.yaml:17 c.example.com\n" + "all.yaml" + syntaxError2 + kept("all.yaml", "3 services are")},
		{"and deleted", remove("all.yaml"), ": Warning NothingHere: there is nothing to serve in DIR => write a Service, an EndpointSlice or an ExternalService there, or name another path\n"},
		{"and broken from the start", write("all.yaml", brokenSyntax), "all.yaml" + syntaxError2},
	})
}

func definedTwice(name, first, second string) string {
	return fmt.Sprintf(": Error DefinedTwice: default/%s is already defined by Service in DIR/%s; that one stays and this one is not served => delete one of the two (DIR/%s, DIR/%s), or give one another name or namespace\n", name, first, first, second)
}

// Of two files that define one service, the one that is served stays, whatever
// their names.
func TestTwoFilesDefineOneService(t *testing.T) {
	runSteps(t, []step{
		{"one", write("b.yaml", service("db", "first.example.com")), "default/db b.yaml:1 first.example.com\n"},
		{"a newcomer", write("a.yaml", service("db", "second.example.com"), service("other", "other.example.com")), "default/db b.yaml:1 first.example.com\ndefault/other a.yaml:9 other.example.com\n" +
			"a.yaml:4" + definedTwice("db", "b.yaml:1", "a.yaml:1")},
		{"the holder moves in its file", write("b.yaml", "# moved\n"+service("db", "first.example.com")), "default/db b.yaml:2 first.example.com\ndefault/other a.yaml:9 other.example.com\n" +
			"a.yaml:4" + definedTwice("db", "b.yaml:2", "a.yaml:1")},
		{"the holder goes", remove("b.yaml"), "default/db a.yaml:1 second.example.com\ndefault/other a.yaml:9 other.example.com\n"},
		{"the holder comes back too late", write("b.yaml", service("db", "first.example.com")), "default/db a.yaml:1 second.example.com\ndefault/other a.yaml:9 other.example.com\n" +
			"b.yaml:4" + definedTwice("db", "a.yaml:1", "b.yaml:1")},
	})
}

// An edit that claims another file's service is no good version of the file.
func TestAnEditClaimsAnothersService(t *testing.T) {
	before := "default/db a.yaml:1 db.example.com\ndefault/web b.yaml:1 web.example.com\n"
	runSteps(t, []step{
		{"two", func(f folder) {
			f.write("a.yaml", service("db", "db.example.com"))
			f.write("b.yaml", service("web", "web.example.com"))
		}, before},
		{"renamed by mistake", write("b.yaml", service("db", "web.example.com")), before + "b.yaml:4" + definedTwice("db", "a.yaml:1", "b.yaml:1") + kept("b.yaml", "1 service is")},
		{"the other makes way", write("a.yaml", service("old-db", "db.example.com")), "default/db b.yaml:1 web.example.com\ndefault/old-db a.yaml:1 db.example.com\n"},
		{"they swap", func(f folder) {
			f.write("a.yaml", service("db", "db.example.com"))
			f.write("b.yaml", service("old-db", "web.example.com"))
		}, "default/db a.yaml:1 db.example.com\ndefault/old-db b.yaml:1 web.example.com\n"},
	})
}

// A file that collides with a broken edit of another is not held up by it.
func TestCollisionWithABrokenEdit(t *testing.T) {
	runSteps(t, []step{
		{"two", func(f folder) {
			f.write("a.yaml", service("a", "a.example.com"))
			f.write("b.yaml", service("b", "b.example.com"))
		}, "default/a a.yaml:1 a.example.com\ndefault/b b.yaml:1 b.example.com\n"},
		{"both add one, and one of them is broken", func(f folder) {
			f.write("a.yaml", docs(service("new", "a.example.com"), brokenSyntax))
			f.write("b.yaml", docs(service("b", "b.example.com"), service("new", "b.example.com")))
		}, "default/a a.yaml:1 a.example.com\ndefault/b b.yaml:1 b.example.com\ndefault/new b.yaml:9 b.example.com\n" +
			"a.yaml:10" + strings.TrimPrefix(syntaxError2, ":2") + kept("a.yaml", "1 service is")},
	})
}

func fixed(name, ip string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata:\n  name: %s\nspec:\n  ports: [{port: 80}]\n  clusterIP: %s\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: %s}\nsubsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 80}]}]\n", name, ip, name)
}

func TestTwoServicesClaimOneAddress(t *testing.T) {
	web := "default/web b.yaml:1 10.0.0.1\n"
	taken := "a.yaml:7: Error AddressTaken: default/api asks for 127.96.0.80, which default/web has: it is not served (DIR/b.yaml:1) => leave clusterIP out of one of the two, or write a free address\n"
	runSteps(t, []step{
		{"one", write("b.yaml", fixed("web", "127.96.0.80")), web},
		{"a newcomer", write("a.yaml", fixed("api", "127.96.0.80")), web + taken},
		{"elsewhere", write("a.yaml", fixed("api", "127.96.0.81")), "default/api a.yaml:1 10.0.0.1\n" + web},
		{"back: it stays where it was", write("a.yaml", fixed("api", "127.96.0.80")), "default/api a.yaml:1 10.0.0.1\n" + web + taken + kept("a.yaml", "1 service is")},
		{"the holder goes", remove("b.yaml"), "default/api a.yaml:1 10.0.0.1\n"},
		{"out of range", write("a.yaml", fixed("api", "10.96.0.80")), "default/api a.yaml:1 10.0.0.1\n" +
			"a.yaml:7: Warning AddressOutsideRange: default/api asks for 10.96.0.80, which is outside the service range 127.96.0.0/16: it gets another address => leave clusterIP out, write an address in 127.96.0.0/16, or start with a --service-cidr that holds 10.96.0.80\n"},
	})
}

// Deleted and restored, a service has its virtual IP again; and on every start.
func TestVirtualIPsStay(t *testing.T) {
	f := newFolder(t)
	manifest := strings.Replace(fixed("web", "x"), "  clusterIP: x\n", "", 1)
	f.write("a.yaml", manifest)
	l := f.loader()
	before := f.load(l).Services[0].ClusterIPs
	f.remove("a.yaml")
	if d := f.load(l); len(d.Services) > 0 {
		t.Fatalf("served after its file was deleted: %v", d.Services)
	}
	f.write("b.yaml", fixed("squatter", before[0].String()))
	f.write("a.yaml", manifest)
	for name, d := range map[string]Desired{"restored": f.load(l), "started again": f.load(f.loader("a.yaml"))} {
		for _, s := range d.Services {
			if s.Key.Name == "web" && s.ClusterIPs[0] != before[0] {
				t.Errorf("%s: %v, want %v", name, s.ClusterIPs, before)
			}
		}
	}
}

// A problem is news once, and again when its file has changed.
func TestFreshProblems(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", service("a", "a.example.com"))
	l := f.loader()
	fresh := func() string { return f.problems(f.load(l).Fresh) }
	want := "a.yaml:7" + hostnameEmpty
	for i, s := range []struct {
		text, want string
	}{
		{service("a", "a.example.com"), ""},
		{service("a", ""), want + kept("a.yaml", "1 service is")},
		{service("a", ""), ""},
		{"# why?\n" + service("a", ""), strings.Replace(want, ":7", ":8", 1)},
		{service("a", "a.example.com"), ""},
		{service("a", ""), want + kept("a.yaml", "1 service is")},
	} {
		f.write("a.yaml", s.text)
		if got := fresh(); got != s.want {
			t.Errorf("load %d: fresh are\n%s\nwant\n%s", i, got, s.want)
		}
	}
}

// A file that is written twice within a tick of the file system's clock, and is
// as large as before, looks the same and is not.
func TestEditsWithinATick(t *testing.T) {
	f := newFolder(t)
	l := f.loader()
	now := time.Now()
	for _, host := range []string{"one", "two", "six"} {
		f.write("a.yaml", service("a", host))
		if err := os.Chtimes(f.join("a.yaml"), now, now); err != nil {
			t.Fatal(err)
		}
		if got, want := f.services(f.load(l)), "default/a a.yaml:1 "+host+"\n"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNamespaces(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", docs("apiVersion: v1\nkind: Namespace\nmetadata: {name: reporting}\n",
		strings.Replace(service("a", "a.example.com"), "name: a\n", "name: a\n  namespace: payments\n", 1)))
	got := strings.Join(f.load(f.loader()).Namespaces, " ")
	if want := "default kube-node-lease kube-public kube-system payments reporting"; got != want {
		t.Errorf("namespaces are %s, want %s", got, want)
	}
}

// Only the documents that changed are parsed again.
func TestUnchangedDocumentsAreNotParsedAgain(t *testing.T) {
	f := newFolder(t)
	f.write("a.yaml", docs(service("a", "a.example.com"), service("b", "b.example.com")))
	l := f.loader()
	f.load(l)
	before := l.files[f.join("a.yaml")].current.docs
	f.write("a.yaml", docs(service("a", "new.example.com"), service("b", "b.example.com")))
	f.load(l)
	after := l.files[f.join("a.yaml")].current.docs
	if before[1].document != after[1].document || before[0].document == after[0].document {
		t.Error("the wrong documents were parsed again")
	}
	if len(l.documents) != 2 {
		t.Errorf("%d documents are kept, want 2", len(l.documents))
	}
}
