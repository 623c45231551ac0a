package file

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// maxExpanded is how many nodes a document may have in the aliases of its
// anchors, all told. YAML bombs have billions.
const maxExpanded = 100_000

// maxDepth is how deeply a document may be nested.
const maxDepth = 200

// syntaxError is something that YAML allows and a manifest cannot have.
type syntaxError struct {
	line          int
	message, hint string
	// bare is the message without what was written; empty if that is not in it.
	bare string
}

func (e *syntaxError) Error() string { return e.message }

// tooMuch refuses a document whose aliases stand for too much.
func tooMuch(line int) error {
	return &syntaxError{line: line, message: fmt.Sprintf("the aliases in this document stand for more than %d values", maxExpanded), hint: "write the values out, or use fewer anchors"}
}

// encoder writes a YAML tree as JSON.
type encoder struct {
	out []byte
	// depth is how deep the value is that is being written, copies how many
	// aliases and merge keys it is in.
	depth, copies int
	// budget is how many more values may be copies.
	budget int
}

// encodeJSON turns a YAML tree into JSON, by the rules of kubectl: yes, no, on
// and off are booleans, keys are strings. It writes into buf where that is
// large enough.
func encodeJSON(n *yaml.Node, buf []byte) ([]byte, error) {
	e := &encoder{out: buf[:0], budget: maxExpanded}
	err := e.value(n)
	return e.out, err
}

func (e *encoder) value(n *yaml.Node) error {
	if e.copies > 0 {
		if e.budget--; e.budget < 0 {
			return tooMuch(n.Line)
		}
	}
	if e.depth >= maxDepth {
		return &syntaxError{line: n.Line, message: fmt.Sprintf("the document is nested more than %d deep", maxDepth), hint: "no manifest is; does an anchor stand for something around it?"}
	}
	e.depth++
	err := e.kind(n)
	e.depth--
	return err
}

func (e *encoder) kind(n *yaml.Node) error {
	switch n.Kind {
	case yaml.AliasNode:
		return e.copied(n.Alias)
	case yaml.MappingNode:
		return e.mapping(n)
	case yaml.SequenceNode:
		return e.sequence(n)
	default:
		return e.scalar(n)
	}
}

// copied writes a value that also stands somewhere else.
func (e *encoder) copied(n *yaml.Node) error {
	e.copies++
	err := e.value(n)
	e.copies--
	return err
}

func (e *encoder) sequence(n *yaml.Node) error {
	e.out = append(e.out, '[')
	for i, item := range n.Content {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if err := e.value(item); err != nil {
			return err
		}
	}
	e.out = append(e.out, ']')
	return nil
}

func (e *encoder) mapping(n *yaml.Node) error {
	entries, err := pairs(n, &e.budget)
	if err != nil {
		return err
	}
	if err := uniqueKeys(entries); err != nil {
		return err
	}
	e.out = append(e.out, '{')
	for i, p := range entries {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.out = appendString(e.out, follow(p.key).Value)
		e.out = append(e.out, ':')
		write := e.value
		if p.merged {
			write = e.copied
		}
		if err := write(p.value); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

// uniqueKeys checks that the keys of a mapping are strings, or can be read as
// such, and that no two are equal.
func uniqueKeys(entries []pair) error {
	var large map[string]int
	if len(entries) > 16 {
		large = make(map[string]int, len(entries))
	}
	for i, p := range entries {
		k := follow(p.key)
		if k.Kind != yaml.ScalarNode || k.Tag == "!!null" {
			return &syntaxError{line: p.key.Line, message: "a key of this mapping is not a string", hint: "write FIELD: VALUE; a value that begins with { or [ needs quotes"}
		}
		first := -1
		if large == nil {
			first = slices.IndexFunc(entries[:i], func(o pair) bool { return follow(o.key).Value == k.Value })
		} else if j, ok := large[k.Value]; ok {
			first = j
		} else {
			large[k.Value] = i
		}
		if first >= 0 {
			where := above(p.key.Line - entries[first].key.Line)
			return &syntaxError{
				line: p.key.Line, message: fmt.Sprintf("%s is written twice in one mapping, first %s", k.Value, where),
				hint: "delete one of the two", bare: "a key is written twice in one mapping, first " + where,
			}
		}
	}
	return nil
}

// above says how far above something stands. Documents are cached without
// their place in the file, so that line numbers cannot stand in messages.
func above(lines int) string {
	switch lines {
	case 0:
		return "on the same line"
	case 1:
		return "one line above"
	default:
		return fmt.Sprintf("%d lines above", lines)
	}
}
