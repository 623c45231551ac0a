package convert

import (
	"fmt"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// join gives each service the endpoints that belong to it, and tells about
// those that belong to none.
func (c *converter) join() {
	for _, k := range c.sourceKeys {
		d := c.services[k]
		for _, s := range c.sources[k] {
			c.misplaced(k, d, s)
		}
		if d == nil || d.wanted == nil || d.why != "" || d.annotated || d.plain == nil {
			continue
		}
		d.wanted.Targets = targets(c.sources[k])
		c.match(d, c.sources[k])
	}
	for _, s := range c.unlabelled {
		name := c.suggest(s.report.key)
		if name == "" {
			name = "NAME-OF-THE-SERVICE"
		}
		s.report.warn("NoService", at("metadata", "labels"),
			"an EndpointSlice belongs to the Service that its label "+discoveryv1.LabelServiceName+" names, and this one has none: nothing uses it",
			fmt.Sprintf("write metadata.labels: {%s: %s}", discoveryv1.LabelServiceName, name))
	}
	c.lonely()
}

// misplaced tells about a source whose service does not exist or takes none.
func (c *converter) misplaced(k model.Key, d *declared, s *source) {
	r := s.report
	path, rule := at("metadata", "name"), "metadata.name must be the Service's name"
	if r.kind == kindEndpointSlice {
		path = at("metadata", "labels").Key(discoveryv1.LabelServiceName)
		rule = "the label " + discoveryv1.LabelServiceName + " must be the Service's name"
	}
	switch {
	case d == nil:
		c.orphan(k, r, path, rule)
	case d.refused:
	case d.plain == nil:
		r.warn("EndpointsUnused", path, fmt.Sprintf("%s is not used: ExternalService %s has its addresses in its own spec", r.object(), k),
			"write the addresses in the ExternalService: targets: [{name: external, addresses: [10.0.1.25]}]")
	case d.annotated:
		r.warn("EndpointsUnused", path, fmt.Sprintf("%s is not used: Service %s has the annotation %s, and the addresses of that name are served", r.object(), k, v1alpha1.AnnotationHostname),
			"delete the annotation, or this object")
	case d.why != "":
		r.warn("EndpointsUnused", path, fmt.Sprintf("%s is not used: Service %s %s", r.object(), k, d.why),
			"make it a Service without type and selector, or delete this object")
	}
}

func (c *converter) orphan(k model.Key, r *report, path *field.Path, rule string) {
	message := fmt.Sprintf("%s matches no Service; %s", r.object(), rule)
	if name := c.suggest(k); name != "" {
		r.warn("NoService", path, message+"; did you mean "+name+"?", "write "+name)
		return
	}
	if ns := c.elsewhere(k); ns != "" {
		r.warn("NoService", path, fmt.Sprintf("%s, and Service %s is in namespace %s", message, k.Name, ns), "write metadata.namespace: "+ns)
		return
	}
	r.warn("NoService", path, message, "write a Service without selector named "+k.Name+" in namespace "+k.Namespace)
}

// lonely tells about services that have no endpoints at all, unless those that
// were written for them are refused: that says it.
func (c *converter) lonely() {
	for _, w := range c.wanted {
		d := c.services[w.Key]
		if d.plain == nil || w.Type == model.ExternalName || len(w.Targets) > 0 || c.refused[w.Key] {
			continue
		}
		outcome := "connections to it go nowhere"
		if w.Type == model.Headless {
			outcome = "its name answers with no address"
		}
		d.report.warn("NoEndpoints", nil, fmt.Sprintf("Service %s has no endpoints: %s", w.Key, outcome),
			fmt.Sprintf("write an EndpointSlice with the label %s: %s, or Endpoints named %s, with the addresses", discoveryv1.LabelServiceName, w.Key.Name, w.Key.Name))
	}
}
