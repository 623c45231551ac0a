// Package yamlout writes values as YAML by way of their JSON tags, as kubectl
// prints them. It reads no YAML.
package yamlout

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Marshal writes one document: what encoding/json makes of v, with the keys of
// each object sorted and lists no deeper than their key.
func Marshal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	// JSON is YAML, and read as such its whole numbers stay whole.
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("read JSON as YAML: %w", err)
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	e.CompactSeqIndent()
	if err := e.Encode(tree); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
