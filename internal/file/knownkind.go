package file

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
)

// known finds the kind. It returns nil for one that does not count, and a
// problem for one that was meant to.
func (t typeMeta) known(n *yaml.Node) (*kind, *model.Problem) {
	if n.Kind != yaml.MappingNode {
		return nil, &model.Problem{
			Severity: model.Warning, Reason: "NotAManifest", Line: n.Line,
			Message: "this is a list, and a manifest is a mapping with apiVersion and kind: it is skipped",
			Hint:    "write each object as a document of its own, with --- on a line of its own between two",
		}
	}
	for _, k := range kinds() {
		if k.typeMeta == t {
			return &k, nil
		}
	}
	if t.kind == "" {
		return nil, t.kindless(n)
	}
	for _, k := range kinds() {
		if strings.EqualFold(k.kind, t.kind) && (!foreign(t.apiVersion, k.apiVersion) || vacant(t.apiVersion)) {
			return nil, t.wrong(n, k)
		}
	}
	return nil, t.mistyped(n)
}

// kindless tells about an object without kind.
func (t typeMeta) kindless(n *yaml.Node) *model.Problem {
	p := &model.Problem{
		Severity: model.Error, Reason: "KindMissing", Line: n.Line, Field: "kind",
		Message: "this object does not say what it is", Hint: "write kind: Service, or what else it is meant to be",
	}
	object := t.apiVersion != "" || get(n, "metadata") != nil && get(n, "spec") != nil
	switch key := misspelt(n, "kind", object); {
	case key != nil:
		p.Line, p.Field = key.Line, key.Value
		p.Message, p.Hint = fmt.Sprintf("unknown field %s; did you mean kind?", key.Value), "write kind"
	case !object: // values for a chart, say
		p.Severity, p.Message = model.Warning, "this does not say what it is, and is skipped: it has neither kind nor apiVersion"
		p.Hint = "write apiVersion: v1 and kind: Service, or what else it is meant to be; move it elsewhere if it is no manifest"
	}
	return p
}

// wrong tells about an object of kind k whose apiVersion is not that of k, or
// whose kind is in the wrong case.
func (t typeMeta) wrong(n *yaml.Node, k kind) *model.Problem {
	p := &model.Problem{
		Severity: model.Error, Reason: "UnknownVersion", Object: t.object(n), Line: lineOf(n, "apiVersion"), Field: "apiVersion",
		Message: fmt.Sprintf("there is no %s in apiVersion %q", k.kind, t.apiVersion), Hint: "write apiVersion: " + k.apiVersion,
	}
	key := misspelt(n, "apiVersion", true)
	switch {
	case t.apiVersion == "" && key != nil:
		p.Reason, p.Field, p.Line = "VersionMissing", key.Value, key.Line
		p.Message = fmt.Sprintf("unknown field %s; did you mean apiVersion?", key.Value)
	case t.apiVersion == "":
		p.Reason, p.Message = "VersionMissing", "this "+k.kind+" has no apiVersion"
	case t.apiVersion == k.apiVersion:
		p.Reason, p.Field, p.Line = "UnknownKind", "kind", lineOf(n, "kind")
		p.Message, p.Hint = fmt.Sprintf("there is no kind %q", t.kind), "write kind: "+k.kind
	case foreign(t.apiVersion, k.apiVersion):
		p.Severity = model.Warning
		p.Message += fmt.Sprintf(": it is skipped; did you mean %s?", k.apiVersion)
	}
	return p
}

// kindConfig is a kubeconfig's, of apiVersion v1 as well, and no ConfigMap.
const kindConfig = "Config"

// mistyped tells about a kind that is nearly one of those that count, in a
// group in which there is no such kind.
func (t typeMeta) mistyped(n *yaml.Node) *model.Problem {
	if group := groupOf(t.apiVersion); !ours(group) && nearGroup(group) == "" || t.kind == kindConfig {
		return nil
	}
	var same, all []string
	for _, k := range kinds() {
		if !foreign(t.apiVersion, k.apiVersion) {
			same = append(same, k.kind)
		}
		all = append(all, k.kind)
	}
	near := convert.Nearest(t.kind, same)
	if near == "" {
		near = convert.Nearest(t.kind, all)
	}
	for _, k := range kinds() {
		if k.kind != near {
			continue
		}
		p := &model.Problem{
			Severity: model.Error, Reason: "UnknownKind", Object: t.object(n), Line: lineOf(n, "kind"), Field: "kind",
			Message: fmt.Sprintf("there is no kind %q: it is skipped; did you mean %s?", t.kind, near), Hint: "write kind: " + near,
		}
		if t.apiVersion != k.apiVersion {
			p.Hint = "write apiVersion: " + k.apiVersion + " and kind: " + near
		}
		return p
	}
	return nil
}

// misspelt finds the key that was meant to be that field, which is missing. A
// key in the wrong case is one anywhere, others only in what looks like an
// object.
func misspelt(n *yaml.Node, field string, object bool) *yaml.Node {
	var near *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if strings.EqualFold(key.Value, field) && key.Value != field {
			return key
		}
		if near == nil && object && key.Value != field && convert.Nearest(key.Value, []string{"apiVersion", "kind", "metadata", "spec"}) == field {
			near = key
		}
	}
	return near
}

// foreign reports whether an API version is of another named group, in which a
// kind of the same name is somebody else's.
func foreign(version, ours string) bool {
	group := groupOf(version)
	return group != "" && group != groupOf(ours)
}

func groupOf(version string) string {
	group, _, named := strings.Cut(version, "/")
	if !named {
		return ""
	}
	return group
}

// ours reports whether kinds that count are in that group. There is none in
// them whose name is nearly that of another.
func ours(group string) bool {
	for _, k := range kinds() {
		if groupOf(k.apiVersion) == group {
			return true
		}
	}
	return false
}

// vacant reports whether there is no kind in the group of a version that has
// the name of one that counts: in Kubernetes' own groups, and where the group
// is mistyped.
func vacant(version string) bool {
	group := groupOf(version)
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") || ours(group) || nearGroup(group) != ""
}

// nearGroup is the group of a kind that counts that a mistyped one may be.
func nearGroup(group string) string {
	var groups []string
	for _, k := range kinds() {
		if g := groupOf(k.apiVersion); g != "" {
			groups = append(groups, g)
		}
	}
	return convert.Nearest(group, groups)
}
