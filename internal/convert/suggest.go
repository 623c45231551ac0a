package convert

import (
	"slices"

	"fairlead.dev/internal/model"
)

// maxSuggestions bounds the search for names that people may have meant. Whoever
// has so many mistakes has made one, a hundred times.
const maxSuggestions = 100

// suggest is the service in the same namespace that was most likely meant by a
// name that matches none, or "".
func (c *converter) suggest(k model.Key) string {
	if c.suggested++; c.suggested > maxSuggestions {
		return ""
	}
	if c.byNamespace == nil {
		c.index()
	}
	return Nearest(k.Name, c.byNamespace[k.Namespace])
}

// index lists the services that take endpoints.
func (c *converter) index() {
	c.byNamespace, c.byName = make(map[string][]string), make(map[string][]string)
	for k, d := range c.services {
		if d.why != "" || d.annotated || d.plain == nil || d.report.unnamed {
			continue
		}
		c.byNamespace[k.Namespace] = append(c.byNamespace[k.Namespace], k.Name)
		c.byName[k.Name] = append(c.byName[k.Name], k.Namespace)
	}
	for _, names := range c.byNamespace {
		slices.Sort(names)
	}
	for _, namespaces := range c.byName {
		slices.Sort(namespaces)
	}
}

// elsewhere is another namespace that has a service of that name, or "".
func (c *converter) elsewhere(k model.Key) string {
	if c.byName == nil {
		c.index()
	}
	for _, ns := range c.byName[k.Name] {
		return ns
	}
	return ""
}
