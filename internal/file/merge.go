package file

import "go.yaml.in/yaml/v3"

// pair is one entry of a mapping.
type pair struct {
	key, value *yaml.Node
	// merged entries come from another mapping, through a merge key.
	merged bool
}

// pairs returns the entries of a mapping with its merge keys (<<) filled in.
// The mapping's own entries win. Each merged entry costs one of budget.
func pairs(n *yaml.Node, budget *int) ([]pair, error) {
	out := make([]pair, 0, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if isMerge(k) {
			merges = append(merges, v)
			continue
		}
		out = append(out, pair{key: k, value: v})
	}
	if len(merges) == 0 {
		return out, nil
	}
	seen := make(map[string]bool, len(out))
	for _, p := range out {
		seen[follow(p.key).Value] = true
	}
	for _, m := range merges {
		sources := []*yaml.Node{m}
		if follow(m).Kind == yaml.SequenceNode {
			sources = follow(m).Content
		}
		for _, s := range sources {
			var err error
			if out, err = merge(out, seen, m.Line, follow(s), budget); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// merge adds the entries of a mapping whose keys have not been seen.
func merge(out []pair, seen map[string]bool, line int, from *yaml.Node, budget *int) ([]pair, error) {
	if from.Kind != yaml.MappingNode {
		return nil, &syntaxError{line: line, message: "a merge key (<<) takes mappings only", hint: "write <<: *ANCHOR, where the anchor stands at a mapping"}
	}
	for i := 0; i+1 < len(from.Content); i += 2 {
		k := from.Content[i]
		if isMerge(k) {
			return nil, &syntaxError{line: line, message: "a merged mapping has a merge key (<<) itself, which is not supported", hint: "write the values out"}
		}
		if *budget--; *budget < 0 {
			return nil, tooMuch(line)
		}
		if key := follow(k).Value; !seen[key] {
			seen[key] = true
			out = append(out, pair{key: k, value: from.Content[i+1], merged: true})
		}
	}
	return out, nil
}

func isMerge(k *yaml.Node) bool { return k.Kind == yaml.ScalarNode && k.Tag == "!!merge" }
