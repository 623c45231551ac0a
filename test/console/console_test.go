package console_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/console"
)

const page = "# A page\n\n```yaml\n# not a heading\n$ not a command\n```\n\n## One\n\n```console\n" + `$ echo hello; echo world >&2
hello
w   ...   ld
$ seq 5
1
...
5
$ printf 'NAME     AGE\nwhatever 1s\n  two\n' | sed 's/ 1/    1/'
NAME  AGE
what...    1s
  two
$ name=value
` + "```\n\nText in between.\n\n## Two\n\n```console\n" + `$ echo \
    "$name"
value
$ cat <<END
a line
$name
END
a line
value
$ printf 'no end of line'
no end of line
` + "```\n"

func TestPages(t *testing.T) {
	for _, c := range []struct {
		name, page string
		want       []string // in the error
	}{
		{name: "all as it says", page: page},
		{name: "other output", page: strings.Replace(page, "\n5\n", "\n6\n", 1), want: []string{"page.md:14: $ seq 5", "printed\n1\n2\n3\n4\n5\n(exit code 0)", "and the page says\n1\n...\n6"}},
		{name: "output where none should be", page: strings.Replace(page, "$ name=value", "$ echo more", 1), want: []string{"$ echo more"}},
		{name: "silent failure", page: strings.Replace(page, "$ name=value", "$ false", 1), want: []string{"$ false", "exit code 1"}},
		{name: "a command that hangs", page: strings.Replace(page, "seq 5", "seq 3; sleep 60", 1), want: []string{"did not end", "1\n2\n3\n"}},
		{name: "another indentation", page: strings.Replace(page, "\n  two\n", "\n   two\n", 1), want: []string{"and the page says\nNAME"}},
		{name: "true in the end", page: strings.Replace(page, "seq 5", "seq $((n++))", 1)},
		{name: "changing, and never true", page: strings.Replace(page, "seq 5", "seq $((n-=1)) 0", 1), want: []string{"printed\n-1\n0\n", "at the last try\n-"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "page.md")
			if err := os.WriteFile(path, []byte(c.page), 0o600); err != nil {
				t.Fatal(err)
			}
			err := execute(t, path)
			if c.want == nil && err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got error\n%v\nwant %q in it", err, want)
				}
			}
		})
	}
}

// execute runs the page in a shell of its own.
func execute(t *testing.T, path string) error {
	t.Helper()
	steps, err := console.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 7 {
		t.Fatalf("%d steps, want 7: %+v", len(steps), steps)
	}
	shell, err := console.Start(exec.Command("bash"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shell.Close(); err != nil {
			t.Error(err)
		}
	}()
	r := console.Runner{Shell: shell, Patience: time.Second, Limit: 3 * time.Second}
	return r.Run(t.Context(), filepath.Base(path), steps)
}

// TestProgress: a person sees where the execution is.
func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	steps, err := console.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	shell, err := console.Start(exec.Command("bash"))
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	var told strings.Builder
	r := console.Runner{Shell: shell, Patience: time.Second, Limit: 5 * time.Second, Progress: &told}
	if err := r.Run(t.Context(), "page.md", steps); err != nil {
		t.Fatal(err)
	}
	const want = "\n# One\npage.md:11: $ echo hello; echo world >&2\n"
	if !strings.HasPrefix(told.String(), want) {
		t.Errorf("it told\n%s\nwant it to begin with\n%s", told.String(), want)
	}
}
