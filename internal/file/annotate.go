package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Object names an object in a file.
type Object struct {
	APIVersion, Kind string
	// Namespace is default where it is empty.
	Namespace, Name string
	// Line is where it began when it was read, counting from 1. It chooses among
	// several objects of one name; 0 means unknown.
	Line int
}

// Annotation is one annotation that an object is to have. An empty value says that
// it is to have none of that key.
type Annotation struct {
	Key, Value string
}

// ErrUnsafe says that a text cannot be edited without a risk for the rest of it.
var ErrUnsafe = errors.New("it is written in a way that cannot be edited safely")

// Annotate returns a manifest's text in which an object has the annotations, and the
// line that the object begins on. Nothing else of the text is changed, comments and
// line ends included: what the result means is compared with what the text meant,
// and where that is not it, the error is [ErrUnsafe].
func Annotate(text []byte, o Object, want []Annotation) ([]byte, int, error) {
	rest, bom := bytes.CutPrefix(text, []byte("\xef\xbb\xbf"))
	chunks := split(rest)
	p, line, err := findObject(chunks, o)
	if err != nil {
		return nil, 0, err
	}
	// What is to go goes first, so that nothing is added to what is taken away.
	var gone, set []Annotation
	for _, a := range want {
		if a.Value == "" {
			gone = append(gone, a)
		} else {
			set = append(set, a)
		}
	}
	edited := chunks[p.chunk].text
	for _, some := range [][]Annotation{gone, set} {
		if edited, err = annotateText(edited, p, some); err != nil {
			return nil, line, err
		}
	}
	c := chunks[p.chunk]
	out := bytes.Join([][]byte{rest[:c.at], edited, rest[c.at+len(c.text):]}, nil)
	if !sameButOne(chunks, split(out), p.chunk, edited) {
		return nil, line, ErrUnsafe
	}
	if bom {
		out = append([]byte("\xef\xbb\xbf"), out...)
	}
	return out, line, nil
}

// sameButOne reports whether two files have the same documents, but that one which
// is edited.
func sameButOne(before, after []chunk, at int, edited []byte) bool {
	if len(before) != len(after) {
		return false
	}
	for i := range before {
		want := before[i].text
		if i == at {
			want = edited
		}
		if !bytes.Equal(after[i].text, want) {
			return false
		}
	}
	return true
}

// objectPlace says where an object stands: in which chunk of a file, in which tree of that,
// and where in the lists of the tree.
type objectPlace struct {
	chunk, root int
	items       []int
}

// findObject returns the place of an object and its line in the file. Of several it
// is the one that begins on the line that is given.
func findObject(chunks []chunk, o Object) (objectPlace, int, error) {
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	name := fmt.Sprintf("%s %s/%s", o.Kind, o.Namespace, o.Name)
	var found []objectPlace
	var lines []int
	for i, c := range chunks {
		roots, _ := parseYAML(c.text) // what is broken has no such object
		for j, root := range roots {
			walkObjects(root, nil, typeMeta{}, func(n *yaml.Node, tm typeMeta, items []int) {
				if tm.apiVersion != o.APIVersion || tm.object(n) != name {
					return
				}
				at := objectPlace{chunk: i, root: j, items: items}
				line := c.line + n.Line - 1
				if line == o.Line {
					found, lines = []objectPlace{at}, []int{line}
				}
				if len(found) == 0 || lines[0] != o.Line {
					found, lines = append(found, at), append(lines, line)
				}
			})
		}
	}
	switch len(found) {
	case 1:
		return found[0], lines[0], nil
	case 0:
		return objectPlace{}, 0, fmt.Errorf("there is no %s in it: was it edited a moment ago?", name)
	}
	return objectPlace{}, 0, fmt.Errorf("%s is in it more than once, on lines %s: delete all but one", name, numbers(lines))
}

func numbers(all []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ", "), "[]")
}

// walkObjects calls f for every object of a tree, those of lists included.
func walkObjects(n *yaml.Node, items []int, inherited typeMeta, f func(*yaml.Node, typeMeta, []int)) {
	n = follow(n)
	tm := typeMeta{apiVersion: text(n, "apiVersion"), kind: text(n, "kind")}
	if tm == (typeMeta{}) {
		tm = inherited
	}
	if !tm.isList() {
		f(n, tm, items)
		return
	}
	content := get(n, "items")
	if content == nil || content.Kind != yaml.SequenceNode || len(items) > 0 {
		return
	}
	for i, item := range content.Content {
		walkObjects(item, append(items[:len(items):len(items)], i), tm.item(), f)
	}
}

// annotateText edits one document, and looks whether it means what it should then.
func annotateText(text []byte, p objectPlace, want []Annotation) ([]byte, error) {
	if len(want) == 0 {
		return text, nil
	}
	roots, err := parseYAML(text)
	if err != nil || p.root >= len(roots) {
		return nil, ErrUnsafe
	}
	n := roots[p.root]
	for _, i := range p.items {
		if n = get(n, "items"); n == nil || i >= len(n.Content) || n.Content[i].Kind == yaml.AliasNode {
			return nil, ErrUnsafe
		}
		n = n.Content[i]
	}
	e := &editor{source: newSource(text), json: json.Valid(text), want: want}
	e.annotate(n)
	edited, ok := e.apply()
	if !ok || !means(text, edited, p, want) {
		return nil, ErrUnsafe
	}
	return edited, nil
}

// plainValue is a value that needs no quotes wherever it stands: a target's name,
// but none of those that YAML takes for something else.
var plainValue = regexp.MustCompile(`^[a-z][a-z0-9-]{3,}$`)

// quoted is the value of an annotation as YAML or JSON.
func (e *editor) quoted(s string) string {
	if !e.json && plainValue.MatchString(s) && s != "true" && s != "false" && s != "null" {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

func (e *editor) key(s string) string {
	if e.json {
		return e.quoted(s)
	}
	return s
}
