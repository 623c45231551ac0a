package file

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// flow is annotations as a mapping in braces on one line.
func (e *editor) flow(set []Annotation) string {
	var all []string
	for _, a := range set {
		all = append(all, e.key(a.Key)+": "+e.quoted(a.Value))
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// setFlow sets annotations in a mapping in braces: those that stand are changed where
// they stand, others come last.
func (e *editor) setFlow(all *yaml.Node, set []Annotation) {
	var fresh []Annotation
	for _, a := range set {
		k, v := entry(all, a.Key)
		switch {
		case k == nil:
			fresh = append(fresh, a)
		case v.Kind == yaml.ScalarNode && v.Value == a.Value && v.Tag == "!!str":
		case v.Kind == yaml.ScalarNode && v.Tag == "!!null" && v.Value == "":
			e.fail()
		default:
			e.replace(e.start(v), e.endOf(v), e.quoted(a.Value))
		}
	}
	if len(fresh) == 0 {
		return
	}
	if len(all.Content) == 0 {
		at := e.start(all)
		e.failed = e.failed || at >= len(e.text) || e.text[at] != '{'
		text := e.flow(fresh)
		e.insert(at+1, text[1:len(text)-1])
		return
	}
	sep := e.separator(all)
	var b strings.Builder
	for _, a := range fresh {
		b.WriteString(sep + e.key(a.Key) + ": " + e.quoted(a.Value))
	}
	e.insert(e.endOf(all.Content[len(all.Content)-1]), b.String())
}

// appendFlow adds a key with annotations to a mapping in braces. Where that has a
// line for each entry, they have, too.
func (e *editor) appendFlow(n *yaml.Node, key string, set []Annotation) {
	if len(n.Content) == 0 {
		e.fail()
		return
	}
	sep := e.separator(n)
	text := e.flow(set)
	if indent, apart := strings.CutPrefix(sep, ","+e.end); apart {
		step := "  "
		if outer, ok := e.lineIndent(e.start(n)); ok && strings.HasPrefix(indent, outer) && len(indent) > len(outer) {
			step = indent[len(outer):]
		}
		var all []string
		for _, a := range set {
			all = append(all, indent+step+e.key(a.Key)+": "+e.quoted(a.Value))
		}
		text = "{" + e.end + strings.Join(all, ","+e.end) + e.end + indent + "}"
	}
	e.insert(e.endOf(n.Content[len(n.Content)-1]), sep+e.key(key)+": "+text)
}

// lineIndent is the blank text that the line begins with that at is in.
func (e *editor) lineIndent(at int) (string, bool) {
	line := e.text[e.lineStart(at):min(at, len(e.text))]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))]), at <= len(e.text)
}

// separator is what stands before a further entry of a mapping in braces: a comma,
// and a line of its own where its last entry has one.
func (e *editor) separator(n *yaml.Node) string {
	at := e.start(n.Content[len(n.Content)-2])
	if indent, alone := e.indent(at); alone {
		return "," + e.end + indent
	}
	return ", "
}

// remove takes annotations away, and with the last of them all that says that there
// are any.
func (e *editor) remove(meta, key, all *yaml.Node, gone []Annotation) {
	var indexes []int
	for i := 0; i+1 < len(all.Content); i += 2 {
		if slices.ContainsFunc(gone, func(a Annotation) bool { return a.Key == all.Content[i].Value }) {
			indexes = append(indexes, i)
		}
	}
	block := all.Style&yaml.FlowStyle == 0
	switch {
	case len(indexes) == 0:
	case 2*len(indexes) < len(all.Content) && block:
		for _, i := range indexes {
			e.deleteLines(all.Content[i], e.valueEnd(all.Content[i], all.Content[i+1]))
		}
	case 2*len(indexes) < len(all.Content):
		e.deleteFlow(all, indexes)
	case meta.Style&yaml.FlowStyle != 0:
		e.deleteFlow(meta, []int{keyIndex(meta, "annotations")})
	case block:
		for _, i := range indexes {
			e.deleteLines(all.Content[i], e.valueEnd(all.Content[i], all.Content[i+1]))
		}
		e.deleteLines(key, e.lineAfter(e.start(key)))
	default:
		e.deleteLines(key, e.lineAfter(e.endOf(all)-1))
	}
}

// deleteFlow takes entries of a mapping in braces away, each with one comma. Those at
// the indexes are not all of them.
func (e *editor) deleteFlow(n *yaml.Node, indexes []int) {
	kept := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !slices.Contains(indexes, i) {
			kept = true
			continue
		}
		var from, to int
		switch {
		case kept:
			from, to = e.endOf(n.Content[i-1]), e.endOf(n.Content[i+1])
		case i+2 < len(n.Content):
			from, to = e.start(n.Content[i]), e.start(n.Content[i+2])
		default:
			e.fail()
			return
		}
		if !e.failed && !e.json && bytes.IndexByte(e.between(n, i, from, to), '#') >= 0 {
			e.fail() // a comment would go, too
		}
		e.replace(from, to, "")
	}
}

// between is the text of an entry's span without the entry itself.
func (e *editor) between(n *yaml.Node, i, from, to int) []byte {
	k, end := e.start(n.Content[i]), e.endOf(n.Content[i+1])
	if e.failed || from > k || end > to || k > end {
		e.fail()
		return nil
	}
	return slices.Concat(e.text[from:k], e.text[end:to])
}
