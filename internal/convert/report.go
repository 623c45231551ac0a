package convert

import (
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/internal/model"
)

// report collects the problems of one object.
type report struct {
	c      *converter
	source int
	kind   string
	key    model.Key
	meta   *metav1.ObjectMeta
	// unnamed is whether the name or the namespace is no good: the object is
	// judged, and nothing comes of it.
	unnamed bool
	// errors counts the Errors so far.
	errors int
}

func (c *converter) report(i int) *report {
	v := c.in.Objects[i].Value
	r := &report{c: c, source: i}
	r.kind, r.key = KeyOf(v)
	_, r.meta = meta(v)
	return r
}

// at is the path of a field: at("spec", "type").
func at(name string, more ...string) *field.Path { return field.NewPath(name, more...) }

// error reports what is not served. A nil path means the whole object.
func (r *report) error(reason string, path *field.Path, message, hint string) {
	r.errors++
	r.add(model.Error, reason, path, message, hint)
}

func (r *report) warn(reason string, path *field.Path, message, hint string) {
	r.add(model.Warning, reason, path, message, hint)
}

func (r *report) info(reason string, path *field.Path, message, hint string) {
	r.add(model.Info, reason, path, message, hint)
}

func (r *report) add(s model.Severity, reason string, path *field.Path, message, hint string) {
	o := r.c.in.Objects[r.source]
	where := ""
	if path != nil {
		where = path.String()
	}
	r.c.problems = append(r.c.problems, Problem{
		Source: r.source,
		Problem: model.Problem{
			Severity: s, Reason: reason, Object: r.object(), File: o.File, Line: o.Line,
			Field: where, Message: message, Hint: hint,
		},
	})
}

// object is KIND NAMESPACE/NAME.
func (r *report) object() string {
	if r.key.Name == "" {
		return r.kind
	}
	if r.kind == kindNamespace {
		return r.kind + " " + r.key.Name
	}
	return r.kind + " " + r.key.String()
}

// place is where the object stands, for people.
func (r *report) place() string {
	o := r.c.in.Objects[r.source]
	switch {
	case o.File == "":
		return "object " + strconv.Itoa(r.source+1)
	case o.Line == 0:
		return o.File
	default:
		return o.File + ":" + strconv.Itoa(o.Line)
	}
}

func (r *report) origin() model.Origin {
	o := r.c.in.Objects[r.source]
	origin := model.Origin{Kind: r.kind, File: o.File, Line: o.Line}
	if o.File == "" { // a dump in a file has one too, of another object
		origin.Generation = r.meta.Generation
	}
	return origin
}

// checkMeta checks the name and the namespace.
func (r *report) checkMeta() {
	name := at("metadata", "name")
	switch {
	case r.key.Name == "":
		r.error("NameMissing", name, article(r.kind)+" needs a name", "write metadata: {name: "+example(r.kind)+"}")
	case r.kind == kindExternalService: // also where the API server is older than 1.36
		r.label(name, r.key.Name, validation.IsDNS1035Label)
	case r.kind == kindNamespace, r.kind == kindService:
		r.label(name, r.key.Name, validation.IsDNS1123Label)
	}
	if r.kind != kindNamespace {
		r.label(at("metadata", "namespace"), r.key.Namespace, validation.IsDNS1123Label)
	}
	r.unnamed = r.errors > 0
}

func article(kind string) string {
	if strings.HasPrefix(kind, "E") {
		return "an " + kind
	}
	return "a " + kind
}

func example(kind string) string {
	if kind == kindNamespace {
		return "reporting"
	}
	return "analytics-db"
}
