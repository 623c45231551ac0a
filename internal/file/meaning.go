package file

import (
	"encoding/json"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// means reports whether an edited document means what it meant before, with the
// annotations of one object as they are wanted, and nothing else.
func means(before, after []byte, p objectPlace, want []Annotation) bool {
	old, ok := meaning(before)
	if !ok || p.root >= len(old) {
		return false
	}
	now, ok := meaning(after)
	if !ok || !annotateValue(old[p.root], p.items, want) {
		return false
	}
	if p.root < len(now) {
		dropEmpty(now[p.root], p.items)
		dropEmpty(old[p.root], p.items)
	}
	return reflect.DeepEqual(old, now)
}

// meaning is the values of a text's documents.
func meaning(text []byte) ([]any, bool) {
	roots, err := parseYAML(text)
	if err != nil {
		return nil, false
	}
	all := make([]any, 0, len(roots))
	for _, n := range roots {
		v, ok := valueOf(n)
		if !ok {
			return nil, false
		}
		all = append(all, v)
	}
	return all, true
}

func valueOf(n *yaml.Node) (any, bool) {
	data, err := encodeJSON(n, nil)
	if err != nil {
		return nil, false
	}
	var v any
	return v, json.Unmarshal(data, &v) == nil
}

// metadataOf is the metadata of an object in a document's value.
func metadataOf(v any, items []int) map[string]any {
	m, _ := v.(map[string]any)
	for _, i := range items {
		list, _ := m["items"].([]any)
		if i >= len(list) {
			return nil
		}
		m, _ = list[i].(map[string]any)
	}
	meta, _ := m["metadata"].(map[string]any)
	return meta
}

// annotateValue sets annotations in a document's value.
func annotateValue(v any, items []int, want []Annotation) bool {
	meta := metadataOf(v, items)
	if meta == nil {
		return false
	}
	all, ok := meta["annotations"].(map[string]any)
	if !ok && meta["annotations"] != nil {
		return false
	}
	if all == nil {
		all = map[string]any{}
		meta["annotations"] = all
	}
	for _, a := range want {
		if a.Value == "" {
			delete(all, a.Key)
		} else {
			all[a.Key] = a.Value
		}
	}
	return true
}

// dropEmpty takes annotations away that say nothing: none, null and {} are one.
func dropEmpty(v any, items []int) {
	meta := metadataOf(v, items)
	if all, _ := meta["annotations"].(map[string]any); len(all) == 0 && meta != nil {
		if _, other := meta["annotations"].(map[string]any); other || meta["annotations"] == nil {
			delete(meta, "annotations")
		}
	}
}
