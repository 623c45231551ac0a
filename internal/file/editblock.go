package file

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// block is annotations as lines of a block mapping, whose keys stand behind so many
// spaces.
func (e *editor) block(set []Annotation, spaces int) string {
	var b strings.Builder
	for _, a := range set {
		b.WriteString(strings.Repeat(" ", spaces) + a.Key + ": " + e.quoted(a.Value) + e.end)
	}
	return b.String()
}

// insertLines puts whole lines at the beginning of a line, or behind the last line of
// a text that does not end with a line break.
func (e *editor) insertLines(at int, lines string) {
	if at > 0 && at == len(e.text) && e.lines[len(e.lines)-1] != at {
		lines = e.end + strings.TrimSuffix(lines, e.end)
	}
	e.insert(at, lines)
}

// addBlock adds annotations to a block mapping of metadata, behind name and
// namespace.
func (e *editor) addBlock(meta *yaml.Node, set []Annotation) {
	at, spaces := -1, 0
	for i := 0; i+1 < len(meta.Content); i += 2 {
		k, v := meta.Content[i], meta.Content[i+1]
		if k.Value != "name" && k.Value != "namespace" {
			continue
		}
		if end, ok := e.after(v); ok {
			at, spaces = e.lineAfter(end), k.Column-1
		}
	}
	if at < 0 {
		e.fail()
		return
	}
	head := strings.Repeat(" ", spaces) + "annotations:" + e.end
	e.insertLines(at, head+e.block(set, spaces+2))
}

// setBlock sets annotations in a block mapping: those that stand are changed where
// they stand, others come first.
func (e *editor) setBlock(key, all *yaml.Node, set []Annotation) {
	var fresh []Annotation
	for _, a := range set {
		k, v := entry(all, a.Key)
		switch {
		case k == nil:
			fresh = append(fresh, a)
		case v.Kind == yaml.ScalarNode && v.Value == a.Value && v.Tag == "!!str":
		case v.Kind == yaml.ScalarNode && v.Tag == "!!null" && v.Value == "":
			e.insert(e.colon(k), " "+e.quoted(a.Value))
		case blockScalar(v):
			e.replace(e.start(v), e.blockEnd(k, v), e.quoted(a.Value)+e.end)
		default:
			e.replace(e.start(v), e.endOf(v), e.quoted(a.Value))
		}
	}
	if len(fresh) > 0 {
		e.insertLines(e.lineAfter(e.start(key)), e.block(fresh, all.Content[0].Column-1))
	}
}

// colon is behind the colon of a key.
func (e *editor) colon(key *yaml.Node) int {
	at := e.endOf(key)
	rest := bytes.TrimLeft(e.text[min(at, len(e.text)):], " \t")
	if !bytes.HasPrefix(rest, []byte(":")) {
		e.fail()
	}
	return len(e.text) - len(rest) + 1
}

func blockScalar(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// blockEnd is behind the last line of a value that is a block scalar: the lines below
// it that are blank, or further in than its key.
func (e *editor) blockEnd(key, v *yaml.Node) int {
	end := e.lineAfter(e.start(v))
	for at := end; at < len(e.text); {
		next := e.lineAfter(at)
		line := e.text[at:next]
		rest := bytes.TrimLeft(line, " ")
		switch {
		case len(bytes.TrimSpace(rest)) == 0:
		case len(line)-len(rest) >= key.Column:
			end = next
		default:
			return end
		}
		at = next
	}
	return end
}

// valueEnd is behind the line on which the value of a block mapping's key ends.
func (e *editor) valueEnd(key, v *yaml.Node) int {
	switch {
	case blockScalar(v):
		return e.blockEnd(key, v)
	case v.Kind == yaml.ScalarNode && v.Value == "" && v.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0:
		return e.lineAfter(e.start(key))
	}
	return e.lineAfter(max(e.endOf(v)-1, 0))
}

// deleteLines takes the lines of a block mapping's key and its value away.
func (e *editor) deleteLines(key *yaml.Node, end int) {
	at := e.start(key)
	if _, alone := e.indent(at); !alone {
		e.fail()
		return
	}
	e.replace(e.lineStart(at), end, "")
}
