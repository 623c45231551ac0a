package wire

import (
	"fmt"
	"slices"
	"strings"
)

// shown is how many names an error lists.
const shown = 8

// Find returns the service of that name. An empty namespace means whichever has
// one; the name may also be NAMESPACE/NAME. The error says what there is instead;
// near picks what a person may have meant, and may be nil.
func (s Status) Find(namespace, name string, near func(word string, candidates []string) string) (Published, error) {
	if ns, rest, ok := strings.Cut(name, "/"); ok {
		if namespace != "" && namespace != ns {
			return Published{}, fmt.Errorf("%s/%s is not in namespace %s: leave one of the two out", ns, rest, namespace)
		}
		namespace, name = ns, rest
	}
	var found []Published
	var names, spaces []string
	for _, p := range s.Services {
		if namespace != "" && p.Service.Namespace != namespace {
			continue
		}
		names = append(names, p.Service.Name)
		if p.Service.Name == name {
			found, spaces = append(found, p), append(spaces, p.Service.Namespace)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Published{}, s.missing(namespace, name, names, near)
	}
	return Published{}, fmt.Errorf("there is a service %s in each of the namespaces %s: say which with -n", name, list(spaces))
}

// missing says why there is no such service.
func (s Status) missing(namespace, name string, names []string, near func(string, []string) string) error {
	where := ""
	if namespace != "" {
		where = " in namespace " + namespace
	}
	for _, p := range s.Problems {
		_, key, _ := strings.Cut(p.Object, " ")
		if ns, n, _ := strings.Cut(key, "/"); n == name && (namespace == "" || ns == namespace) && p.Severity == "Error" {
			return fmt.Errorf("%s is not served: %s", p.Object, p.Message)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("there is no service %q%s, nor any other", name, where)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if near != nil {
		if meant := near(name, names); meant != "" {
			return fmt.Errorf("there is no service %q%s: did you mean %s?", name, where, meant)
		}
	}
	return fmt.Errorf("there is no service %q%s; there are %s", name, where, list(names))
}

// list is a, b, c, and so many more.
func list(names []string) string {
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
