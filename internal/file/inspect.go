package file

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

// inspector compares a YAML tree with the Go type that it should fill, to say
// in a person's words what the decoder refused.
type inspector struct {
	strict bool
	// secret leaves out of messages what was written.
	secret   bool
	budget   int
	problems []model.Problem
	causes   []cause
}

// inspect returns what is wrong with an object: unknown fields, and values of
// the wrong type. The causes are those of the problems that may leave another
// field empty.
func inspect(n *yaml.Node, value any, k *kind) ([]model.Problem, []cause) {
	in := &inspector{strict: k.strict, secret: k.secret, budget: maxExpanded}
	in.value(n, reflect.TypeOf(value), "", n.Line)
	return in.problems, in.causes
}

func (in *inspector) value(n *yaml.Node, t reflect.Type, path string, line int) {
	if n = follow(n); n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	t = elem(t)
	if word, ok := specialType(t); ok {
		in.special(n, word, path, line)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		in.structure(n, t, path, line)
	case reflect.Map:
		if in.is(n, yaml.MappingNode, wantMapping, path, line) {
			in.entries(n, t, path)
		}
	case reflect.Slice:
		if in.is(n, yaml.SequenceNode, wantList, path, line) {
			for i, item := range n.Content {
				in.value(item, t.Elem(), path+"["+strconv.Itoa(i)+"]", item.Line)
			}
		}
	default:
		in.scalar(n, t, path, line)
	}
}

func (in *inspector) entries(n *yaml.Node, t reflect.Type, path string) {
	entries, _ := pairs(n, &in.budget)
	for _, p := range entries {
		in.value(p.value, t.Elem(), path+"["+follow(p.key).Value+"]", p.key.Line)
	}
}

func (in *inspector) structure(n *yaml.Node, t reflect.Type, path string, line int) {
	if !in.is(n, yaml.MappingNode, wantMapping, path, line) {
		return
	}
	fields := fieldsOf(t)
	entries, _ := pairs(n, &in.budget)
	lost := outdented(entries, fields)
	written := make(map[string]bool, len(entries))
	for _, p := range entries {
		written[follow(p.key).Value] = true
	}
	for i, p := range entries {
		name := follow(p.key).Value
		full := inside(path, name)
		if full == statusField {
			continue // see withoutStatus
		}
		if ft, ok := fields[name]; ok {
			in.value(p.value, ft, full, p.key.Line)
			continue
		}
		if lost[i] != "" {
			in.outdented(entries, lost, i, path)
			continue
		}
		in.unknown(name, path, fields, written, p.key.Line)
	}
}

// inside is the path of a field of a mapping.
func inside(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

func (in *inspector) unknown(name, path string, fields map[string]reflect.Type, written map[string]bool, line int) {
	known := make([]string, 0, len(fields))
	for f := range fields {
		known = append(known, f)
	}
	slices.Sort(known)
	full := inside(path, name)
	p := model.Problem{
		Severity: model.Warning, Reason: "UnknownField", Field: full, Line: line,
		Message: "unknown field " + full + ": it is ignored",
		Hint:    "delete it, or look for the right name in kubectl explain",
	}
	if in.strict {
		p.Severity, p.Message = model.Error, "unknown field "+full
		p.Hint = "the fields here are " + strings.Join(known, ", ")
	}
	if near := convert.Nearest(name, known); near != "" {
		if !written[near] {
			meant := inside(path, near)
			in.causes = append(in.causes, cause{
				problem: len(in.problems), meant: meant,
				message: fmt.Sprintf("unknown field %s, and %s is missing; did you mean %s?", full, meant, near),
			})
		}
		p.Message += "; did you mean " + near + "?"
		p.Hint = "write " + near
	}
	in.problems = append(in.problems, p)
}

// is reports whether the node is of that kind, and a problem if not.
func (in *inspector) is(n *yaml.Node, want yaml.Kind, words, path string, line int) bool {
	if n.Kind == want {
		return true
	}
	in.wrong(n, words, path, line)
	return false
}

func (in *inspector) wrong(n *yaml.Node, want, path string, line int) {
	if path == "" {
		path = "the object"
	}
	is := describe(n)
	if in.secret {
		is = category(n)
		n = &yaml.Node{Kind: n.Kind, Tag: n.ShortTag(), Value: "..."}
	}
	in.problems = append(in.problems, model.Problem{
		Severity: model.Error, Reason: "WrongType", Field: strings.TrimPrefix(path, "the object"), Line: line,
		Message: fmt.Sprintf("%s must be %s, and is %s", path, want, is), Hint: wrongHint(n, want),
	})
}

// wrongHint says what to write where something else is wanted.
func wrongHint(n *yaml.Node, want string) string {
	_, notNumber := strconv.Atoi(n.Value)
	switch {
	case want == wantString && n.Kind == yaml.ScalarNode:
		return fmt.Sprintf("write it in quotes: %q", n.Value)
	case want == wantBase64:
		return "encode it with base64 -w0; a Secret takes it as it is under stringData"
	case want == wantNumber && isString(n) && notNumber == nil:
		return "write it without quotes: " + n.Value
	case want == wantList:
		return "begin each item with a hyphen on a line of its own, or write [ ] around all"
	case want == wantMapping:
		return "write FIELD: VALUE, each on a line of its own"
	default:
		return "write " + want
	}
}
