package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"fairlead.dev/internal/wire"
)

// differences are the fields in which two versions of a service differ, by their
// paths: targets[standby].priority. What an instance adds by itself does not count.
func differences(from, to wire.Service) []Change {
	a, b := fields(from), fields(to)
	var all []Change
	for _, path := range slices.Sorted(maps.Keys(merged(a, b))) {
		if a[path] != b[path] {
			all = append(all, Change{Field: path, From: a[path], To: b[path]})
		}
	}
	return whole(all, a, b)
}

func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// fields are the values of a service by their paths.
func fields(s wire.Service) map[string]string {
	s.Namespace, s.Name, s.DNSName, s.Origin, s.ClusterIPs, s.Refusal = "", "", "", wire.Origin{}, nil, nil
	out := map[string]string{}
	text, err := json.Marshal(s)
	if err != nil {
		return out // it has no value that does not encode
	}
	var v map[string]any
	if json.Unmarshal(text, &v) != nil {
		return out
	}
	delete(v, "origin")
	walk(out, "", v)
	return out
}

func walk(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			walk(out, strings.TrimPrefix(path+"."+k, "."), x)
		}
	case []any:
		var plain []string
		for i, x := range v {
			m, ok := x.(map[string]any)
			if !ok {
				plain = append(plain, fmt.Sprint(x))
				continue
			}
			walk(out, path+"["+nameOf(m, i)+"]", m)
		}
		if len(plain) > 0 {
			out[path] = strings.Join(plain, ", ")
		}
	case float64:
		out[path] = strconv.FormatFloat(v, 'f', -1, 64)
	case nil:
	default:
		if text := fmt.Sprint(v); text != "" {
			out[path] = text
		}
	}
}

// nameOf is what an element of a list is told by: its name, its address, its port, or
// its place.
func nameOf(m map[string]any, i int) string {
	for _, key := range []string{"name", "ip", "port"} {
		if v, ok := m[key]; ok {
			return fmt.Sprint(v)
		}
	}
	return strconv.Itoa(i)
}

// whole makes one change of all those of an element of a list, or of a part of the
// spec, that is new or goes.
func whole(all []Change, a, b map[string]string) []Change {
	var out []Change
	for _, c := range all {
		head := part(c.Field)
		before, after := within(a, head), within(b, head)
		if head == c.Field || before != "" && after != "" {
			out = append(out, c)
			continue
		}
		c = Change{Field: head, From: before, To: after}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// part is the element of a list, or the part of the spec, that a field is in.
func part(path string) string {
	if at := strings.Index(path, "]"); at >= 0 {
		return path[:at+1]
	}
	head, _, _ := strings.Cut(path, ".")
	return head
}

// within are the fields in a part, in one line.
func within(all map[string]string, head string) string {
	var parts []string
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if rest, ok := strings.CutPrefix(path, head+"."); ok && rest != "name" {
			parts = append(parts, rest+" "+all[path])
		}
	}
	return strings.Join(parts, ", ")
}
