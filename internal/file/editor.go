package file

import (
	"bytes"
	"cmp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// editor collects the edits of one document. An edit that cannot be made leaves it
// failed.
type editor struct {
	source
	json   bool
	want   []Annotation
	edits  []edit
	failed bool
}

// edit replaces a part of the text.
type edit struct {
	from, to int
	text     string
}

func (e *editor) replace(from, to int, text string) {
	e.edits = append(e.edits, edit{from, to, text})
}

func (e *editor) insert(at int, text string) { e.replace(at, at, text) }

func (e *editor) fail() { e.failed = true }

// start is where a node begins, and its end where it ends; failure is kept.
func (e *editor) start(n *yaml.Node) int {
	at, ok := e.at(n)
	e.failed = e.failed || !ok
	return at
}

func (e *editor) endOf(n *yaml.Node) int {
	at, ok := e.after(n)
	e.failed = e.failed || !ok
	return at
}

// apply returns the edited text.
func (e *editor) apply() ([]byte, bool) {
	slices.SortStableFunc(e.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var out bytes.Buffer
	at := 0
	for _, x := range e.joined() {
		if e.failed || x.from < at || x.to < x.from || x.to > len(e.text) {
			return nil, false
		}
		out.Write(e.text[at:x.from])
		out.WriteString(x.text)
		at = x.to
	}
	out.Write(e.text[at:])
	return out.Bytes(), !e.failed
}

// joined are the edits with deletions that touch each other made one. One that takes
// the end of a text away whose last line has no break takes the break before it, too.
func (e *editor) joined() []edit {
	var all []edit
	for _, x := range e.edits {
		if last := len(all) - 1; last >= 0 && x.text == "" && all[last].text == "" && all[last].to == x.from {
			all[last].to = x.to
			continue
		}
		all = append(all, x)
	}
	for i, x := range all {
		open := x.text == "" && x.to == len(e.text) && e.lines[len(e.lines)-1] != len(e.text)
		if open && bytes.HasSuffix(e.text[:x.from], []byte(e.end)) {
			all[i].from -= len(e.end)
		}
	}
	return all
}

// annotate edits an object.
func (e *editor) annotate(object *yaml.Node) {
	_, meta := entry(object, "metadata")
	if meta == nil || meta.Kind != yaml.MappingNode {
		e.fail()
		return
	}
	key, all := entry(meta, "annotations")
	var set, gone []Annotation
	for _, a := range e.want {
		if a.Value == "" {
			gone = append(gone, a)
		} else {
			set = append(set, a)
		}
	}
	switch {
	case all == nil || all.Kind == yaml.ScalarNode && all.Tag == "!!null":
		if len(set) > 0 {
			e.add(meta, key, all, set)
		}
	case all.Kind != yaml.MappingNode:
		e.fail()
	case len(gone) > 0:
		e.remove(meta, key, all, gone)
	case all.Style&yaml.FlowStyle != 0:
		e.setFlow(all, set)
	default:
		e.setBlock(key, all, set)
	}
}

// entry is the key and the value of a mapping's own entry, nil for none.
func entry(n *yaml.Node, key string) (k, v *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return nil, nil
	}
	if at := keyIndex(n, key); at >= 0 {
		return n.Content[at], n.Content[at+1]
	}
	return nil, nil
}

// add gives an object annotations that has none.
func (e *editor) add(meta, key, null *yaml.Node, set []Annotation) {
	flow := meta.Style&yaml.FlowStyle != 0
	switch {
	case null != nil && null.Value != "":
		e.replace(e.start(null), e.endOf(null), e.flow(set))
	case null != nil && flow:
		e.fail()
	case null != nil:
		e.insertLines(e.lineAfter(e.start(key)), e.block(set, key.Column+1))
	case flow:
		e.appendFlow(meta, "annotations", set)
	default:
		e.addBlock(meta, set)
	}
}
