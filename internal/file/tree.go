package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// parseTree parses the documents in a chunk. There is more than one only where
// lines end in a way that is seen by the YAML parser alone.
func parseTree(text []byte) ([]*yaml.Node, error) {
	roots, err := parseYAML(text)
	if err != nil && json.Valid(text) {
		return parseYAML(joinSurrogates(text))
	}
	return roots, err
}

// parseYAML outlives a parser that panics: a text that no one thought of must
// not end the process, and every other service with it.
func parseYAML(text []byte) (roots []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser gave up: %v", r)
		}
	}()
	if bytes.HasPrefix(text, []byte("%YAML 1.2")) { // which the parser reads and refuses to
		text = append([]byte("%YAML 1.1"), text[len("%YAML 1.1"):]...)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return roots, err // yamlProblem words it
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
			roots = append(roots, n.Content[0])
		}
	}
}

// joinSurrogates writes the characters that JSON escapes as two halves, which
// YAML does not know.
func joinSurrogates(text []byte) []byte {
	pair := regexp.MustCompile(`\\\\|\\u[dD][89abAB][[:xdigit:]]{2}\\u[dD][c-fC-F][[:xdigit:]]{2}`)
	return pair.ReplaceAllFunc(text, func(m []byte) []byte {
		if len(m) == 2 {
			return m // an escaped backslash
		}
		high, _ := strconv.ParseUint(string(m[2:6]), 16, 16)
		low, _ := strconv.ParseUint(string(m[8:12]), 16, 16)
		return utf8.AppendRune(nil, utf16.DecodeRune(rune(high), rune(low)))
	})
}

// follow returns what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// get returns the value of a key of a mapping, or nil.
func get(n *yaml.Node, key string) *yaml.Node {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return follow(n.Content[i+1])
		}
	}
	return nil
}

// text returns the string of a key of a mapping, or "".
func text(n *yaml.Node, key string) string {
	if v := get(n, key); v != nil && v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
		return v.Value
	}
	return ""
}
