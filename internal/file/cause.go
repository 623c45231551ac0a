package file

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"fairlead.dev/internal/model"
)

// cause is a problem of an object's text that leaves a field without a value.
// What package convert says of that field is a consequence: the cause alone is
// told, as what it turns out to be.
type cause struct {
	// problem is the problem's index in those of the object.
	problem int
	// meant is the path of the field that was meant.
	meant string
	// message is what is said if the field is needed.
	message string
}

// causes collects the problems that turn out to be causes.
type causes map[model.Problem]model.Problem

// take reports whether p is the consequence of a mistake in the object's text.
func (c causes) take(src sourceObject, p model.Problem) bool {
	for _, o := range src.causes {
		rest, ok := strings.CutPrefix(p.Field, o.meant)
		if !ok || rest != "" && rest[0] != '.' && rest[0] != '[' {
			continue
		}
		was := src.placed(src.problems[o.problem])
		is := was
		is.Message = o.message
		if p.Severity == model.Error || c[was].Severity == model.Error {
			is.Severity = model.Error
		}
		c[was] = is
		return true
	}
	return false
}

// placed is a problem of the document at its place in the file.
func (s sourceObject) placed(p model.Problem) model.Problem {
	p.File, p.Line = s.file.path, s.doc.fileLine(p.Line)
	return p
}

// outdented finds the entries of a mapping that stand beside an empty field,
// are no fields here, and would be below that one: their indentation is lost.
// It returns that field's name for each, by the entry's index.
func outdented(entries []pair, fields map[string]reflect.Type) map[int]string {
	var empty []string
	var lost map[int]string
	for i, p := range entries {
		name := follow(p.key).Value
		t, known := fields[name]
		if v := follow(p.value); known && v.Kind == yaml.ScalarNode && v.Tag == "!!null" && isStruct(t) {
			empty = append(empty, name)
		}
		if known {
			continue
		}
		for _, e := range empty { // the last one that can be it
			if _, ok := fieldsOf(elem(fields[e]))[name]; ok {
				if lost == nil {
					lost = make(map[int]string)
				}
				lost[i] = e
			}
		}
	}
	return lost
}

// outdented reports the fields whose indentation is lost, all of one in one
// problem, when it comes to the first.
func (in *inspector) outdented(entries []pair, lost map[int]string, first int, path string) {
	var names []string
	for i, p := range entries {
		if lost[i] != lost[first] {
			continue
		}
		if i < first {
			return // told
		}
		names = append(names, follow(p.key).Value)
	}
	container := lost[first]
	p := model.Problem{
		Severity: model.Warning, Reason: "IndentationLost", Field: inside(path, names[0]), Line: entries[first].key.Line,
		Message: fmt.Sprintf("%s stands beside %s, which is empty, and belongs below it", names[0], container),
		Hint:    fmt.Sprintf("indent %s by two spaces more than %s", names[0], container),
	}
	if n := len(names) - 1; n > 0 {
		all := strings.Join(names[:n], ", ") + " and " + names[n]
		p.Message = fmt.Sprintf("%s stand beside %s, which is empty, and belong below it", all, container)
		p.Hint = fmt.Sprintf("indent %s by two spaces more than %s", all, container)
	}
	if in.strict {
		p.Severity = model.Error
	}
	in.causes = append(in.causes, cause{problem: len(in.problems), meant: inside(path, container), message: p.Message})
	in.problems = append(in.problems, p)
}

func isStruct(t reflect.Type) bool {
	if _, special := specialType(elem(t)); special {
		return false
	}
	return elem(t).Kind() == reflect.Struct
}

func elem(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
