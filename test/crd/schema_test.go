//go:build linux

package crd

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// schema reads the CRD's schema.
func schema(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(crdFile)
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Names    struct{ Categories []string }
			Versions []struct {
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	if len(crd.Spec.Names.Categories) > 0 {
		t.Errorf("categories %v: kubectl get all is for what runs in the cluster", crd.Spec.Names.Categories)
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// walk visits every node of a schema with its path.
func walk(node map[string]any, path string, visit func(string, map[string]any)) {
	visit(path, node)
	if items, ok := node["items"].(map[string]any); ok {
		walk(items, path+"[]", visit)
	}
	properties, _ := node["properties"].(map[string]any)
	for name, p := range properties {
		walk(p.(map[string]any), strings.TrimPrefix(path+"."+name, "."), visit)
	}
}

// TestEveryFieldIsExplained: kubectl explain has something to say about each
// field, its default included.
func TestEveryFieldIsExplained(t *testing.T) {
	walk(schema(t), "", func(path string, node map[string]any) {
		if path == "metadata" || strings.HasSuffix(path, "[]") {
			return
		}
		if text, _ := node["description"].(string); text == "" {
			t.Errorf("%s has no description: write a comment at its Go field", path)
		} else if d, ok := node["default"]; ok && !strings.Contains(strings.Join(strings.Fields(text), " "), fmt.Sprintf("Defaults to %v.", d)) {
			t.Errorf("%s: kubectl explain shows no defaults, and its description does not say that it defaults to %v", path, d)
		}
	})
}
