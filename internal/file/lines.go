package file

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// lineOf is the line on which a mapping's key stands, or the mapping's own.
func lineOf(n *yaml.Node, key string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i].Line
		}
	}
	return n.Line
}

// locate finds the line of a field path such as spec.ports[0].name: where its
// key stands, or the innermost part of the path that there is.
func locate(n *yaml.Node, path string) int {
	line := n.Line
	for _, step := range steps(path) {
		n = follow(n)
		switch n.Kind {
		case yaml.MappingNode:
			at := keyIndex(n, step)
			if at < 0 {
				return line
			}
			line, n = n.Content[at].Line, n.Content[at+1]
		case yaml.SequenceNode:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(n.Content) {
				return line
			}
			n = n.Content[i]
			line = n.Line
		default:
			return line
		}
	}
	return line
}

func keyIndex(n *yaml.Node, key string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// steps cuts a field path into names and indexes. What stands in brackets is
// one step, dots and all: metadata.labels[kubernetes.io/service-name].
func steps(path string) []string {
	var out []string
	for path != "" {
		switch path[0] {
		case '.':
			path = path[1:]
		case '[':
			step, rest, _ := strings.Cut(path[1:], "]")
			out = append(out, step)
			path = rest
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			out = append(out, path[:end])
			path = path[end:]
		}
	}
	return out
}

// lineFinder finds lines in documents. It keeps the tree of the last one, for
// problems of one document come together.
type lineFinder struct {
	doc   *document
	roots []*yaml.Node
}

// find returns the line of an object's field, counted in its document.
func (f *lineFinder) find(s sourceObject, field string) int {
	if field == "" {
		return s.line
	}
	if f.doc != s.doc.document {
		f.doc = s.doc.document
		f.roots, _ = parseTree(f.doc.text)
	}
	if s.root >= len(f.roots) {
		return s.line
	}
	n := f.roots[s.root]
	for _, i := range s.items {
		list := get(n, "items")
		if list == nil || i >= len(list.Content) {
			return s.line
		}
		n = follow(list.Content[i])
	}
	return locate(n, field)
}
