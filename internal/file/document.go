package file

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"

	"go.yaml.in/yaml/v3"

	"fairlead.dev/internal/model"
)

// document is what a chunk of text means, wherever it stands. It is shared by
// all chunks of the same text, and never changed.
type document struct {
	text    []byte
	objects []object
	// others counts the objects of other kinds.
	others map[string]int
	// problems have lines that count from the chunk's first.
	problems []model.Problem
}

// object is one object in a document.
type object struct {
	// value is what package convert takes.
	value any
	line  int
	// root and items say where it stands: in which tree of the chunk, and where
	// in the lists of that.
	root  int
	items []int
	// problems are those of the object's text, and causes those among them that
	// may be why a field has no value.
	problems []model.Problem
	causes   []cause
	// refused objects have Errors in their text, and are not served.
	refused bool
}

// digest identifies a chunk's text.
type digest [sha256.Size]byte

func digestOf(text []byte) digest { return sha256.Sum256(text) }

// parse reads the document's text. It never fails: what is wrong stands in
// problems.
func (d *document) parse() {
	p := &parser{doc: d}
	roots, err := parseTree(d.text)
	for i, n := range roots {
		p.root = i
		p.object(n, nil, typeMeta{})
	}
	if err != nil {
		d.problems = append(d.problems, yamlProblem(d.text, err))
	}
}

// parser reads one chunk.
type parser struct {
	doc  *document
	root int
	buf  []byte
}

// object reads a mapping that should be an object, or a list of such. The
// typeMeta is what holds for an object that does not say, because its list did.
func (p *parser) object(n *yaml.Node, items []int, inherited typeMeta) {
	n = follow(n)
	if n.Kind == yaml.ScalarNode {
		if n.Tag != "!!null" {
			p.fail(model.Problem{
				Reason: "NotAManifest", Line: n.Line, Message: "this is text, and a manifest is a mapping with apiVersion and kind",
				Hint: "write apiVersion: v1 and kind: Service, each on a line of its own",
			})
		}
		return
	}
	tm := typeMeta{apiVersion: text(n, "apiVersion"), kind: text(n, "kind")}
	if tm == (typeMeta{}) {
		tm = inherited
	}
	if n.Kind == yaml.MappingNode && tm.isList() {
		p.list(n, items, tm)
		return
	}
	known, problem := tm.known(n)
	if problem != nil {
		p.doc.problems = append(p.doc.problems, *problem)
		return
	}
	if known == nil {
		p.other(tm)
		return
	}
	if known.secret {
		p.secret(n, items, tm, known)
		return
	}
	if known.kind == kindConfigMap {
		p.configMap(n, items, tm, known)
		return
	}
	p.decode(n, items, tm, known)
}

// list reads the items of a List, ServiceList and so on.
func (p *parser) list(n *yaml.Node, items []int, tm typeMeta) {
	content := get(n, "items")
	if content == nil || content.Kind != yaml.SequenceNode {
		return
	}
	if len(items) > 0 {
		p.fail(model.Problem{Reason: "NestedList", Line: n.Line, Message: "a List in a List is not read", Hint: "write its items into the outer List"})
		return
	}
	for i, item := range content.Content {
		p.object(item, append(items, i), tm.item())
	}
}

func (p *parser) other(tm typeMeta) { p.count(tm.String()) }

// count counts an object that is skipped.
func (p *parser) count(kind string) {
	if p.doc.others == nil {
		p.doc.others = make(map[string]int)
	}
	p.doc.others[kind]++
}

// fail adds an Error.
func (p *parser) fail(problem model.Problem) {
	problem.Severity = model.Error
	p.doc.problems = append(p.doc.problems, problem)
}

// decode reads an object of a kind that counts.
func (p *parser) decode(n *yaml.Node, items []int, tm typeMeta, k *kind) {
	data, err := encodeJSON(withoutStatus(n), p.buf)
	p.buf = data
	if bad := new(syntaxError); errors.As(err, &bad) {
		if bytes.Contains(p.doc.text, []byte("{{")) {
			bad.hint = templateHint
		}
		if k.secret && bad.bare != "" {
			bad.message = bad.bare
		}
		p.fail(model.Problem{Reason: "InvalidYAML", Object: tm.object(n), Line: bad.line, Message: bad.message, Hint: bad.hint})
		return
	}
	value := k.make()
	strict, err := unmarshal(data, value)
	if err == nil && len(strict) == 0 {
		p.doc.objects = append(p.doc.objects, object{value: value, line: n.Line, root: p.root, items: items})
		return
	}
	problems, causes := inspect(n, value, k)
	if len(problems) == 0 && err != nil { // the decoder is stricter than the inspection
		problems = []model.Problem{{Severity: model.Error, Reason: "InvalidObject", Line: n.Line, Message: err.Error(), Hint: "compare with the examples"}}
		if k.secret {
			problems[0].Message = "its text is not that of a Secret"
		}
	}
	refused := err != nil
	for i := range problems {
		problems[i].Object = tm.object(n)
		refused = refused || problems[i].Severity == model.Error
	}
	p.doc.problems = append(p.doc.problems, problems...)
	p.doc.objects = append(p.doc.objects, object{
		value: value, line: n.Line, root: p.root, items: items, problems: problems, causes: causes, refused: refused,
	})
}

// statusField is what a controller wrote into an object that kubectl printed.
const statusField = "status"

// withoutStatus returns the object without its status, which may be that of
// another version and says nothing about what is wanted.
func withoutStatus(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return n
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != statusField {
			continue
		}
		spec := *n
		spec.Content = slices.Concat(n.Content[:i], n.Content[i+2:])
		return &spec
	}
	return n
}
