package file

import (
	"encoding/json"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (e *encoder) scalar(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		e.out = append(e.out, "null"...)
	case "!!bool":
		e.out = append(e.out, strings.ToLower(n.Value)...)
	case "!!int":
		return e.integer(n)
	case "!!float":
		return e.float(n)
	default:
		if b, ok := oldBool(n); ok {
			e.out = strconv.AppendBool(e.out, b)
			return nil
		}
		e.out = appendString(e.out, n.Value)
	}
	return nil
}

// oldBool reads the booleans of YAML 1.1, which kubectl still takes.
func oldBool(n *yaml.Node) (value, ok bool) {
	if n.Style != 0 || len(n.Value) > 3 {
		return false, false
	}
	switch n.Value {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return true, true
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return false, true
	default:
		return false, false
	}
}

func (e *encoder) integer(n *yaml.Node) error {
	if v, err := strconv.ParseInt(n.Value, 10, 64); err == nil && (n.Value[0] != '0' || n.Value == "0") {
		e.out = strconv.AppendInt(e.out, v, 10)
		return nil
	}
	var v int64
	if err := n.Decode(&v); err != nil {
		return quotable(n, "is too large a number")
	}
	e.out = strconv.AppendInt(e.out, v, 10)
	return nil
}

func (e *encoder) float(n *yaml.Node) error {
	var v float64
	if err := n.Decode(&v); err != nil {
		return quotable(n, "is not a number")
	}
	b, err := json.Marshal(v)
	if err != nil {
		return quotable(n, "has no place in a manifest")
	}
	e.out = append(e.out, b...)
	return nil
}

func appendString(out []byte, s string) []byte {
	for i := range len(s) {
		if b := s[i]; b < ' ' || b == '"' || b == '\\' || b >= 0x7f {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(out, quoted...)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

// quotable refuses a number that may be meant as text.
func quotable(n *yaml.Node, why string) error {
	return &syntaxError{line: n.Line, message: n.Value + " " + why, hint: "write it in quotes if it is meant as text", bare: "a value " + why}
}
