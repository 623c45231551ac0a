package convert

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/internal/model"
)

// portChecks are the rules that the ports of one service follow together.
type portChecks struct {
	r       *report
	several bool
	names   map[string]*field.Path
	numbers map[string]*field.Path
}

func newPortChecks(r *report, n int) *portChecks {
	return &portChecks{r: r, several: n > 1, names: make(map[string]*field.Path, n), numbers: make(map[string]*field.Path, n)}
}

// name checks a port's name; path is the port's.
func (c *portChecks) name(path *field.Path, name string) {
	at := path.Child("name")
	if name == "" {
		if c.several {
			c.r.error("NameMissing", at, "where there are several ports each needs a name", "write a name such as http or postgres")
		}
		return
	}
	if !c.r.label(at, name, validation.IsDNS1123Label) {
		return
	}
	if first, ok := c.names[name]; ok {
		c.r.error("PortsClash", at, fmt.Sprintf("port name %q is already that of %s", name, first), "give each port a name of its own")
		return
	}
	c.names[name] = path
}

func (c *portChecks) number(path *field.Path, n int32) {
	if !validPort(n) {
		c.r.error("InvalidPort", path, fmt.Sprintf("port %d is out of range", n), "write a number from 1 to 65535")
	}
}

// protocol checks a port's protocol, and that no other port has the same
// number and protocol; path is the port's.
func (c *portChecks) protocol(path *field.Path, p model.Protocol, n int32, allowed ...model.Protocol) {
	if !slices.Contains(allowed, p) {
		c.r.error("UnknownValue", path.Child("protocol"), fmt.Sprintf("there is no protocol %q here", p), "write "+orList(allowed))
		return
	}
	id := fmt.Sprintf("%d/%s", n, p)
	if first, ok := c.numbers[id]; ok {
		c.r.error("PortsClash", path.Child("port"), fmt.Sprintf("port %s is already that of %s", id, first), "give each port a number of its own, or another protocol")
		return
	}
	c.numbers[id] = path
}

// appProtocol checks a name that is passed on to the Service, where there is one.
func (c *portChecks) appProtocol(path *field.Path, name *string) {
	if name == nil {
		return
	}
	if bad := validation.IsQualifiedName(*name); len(bad) > 0 {
		c.r.error("InvalidName", path, fmt.Sprintf("%q is not a qualified name: %s", *name, short(bad[0])), "write a name such as http or example.com/protocol")
	}
}

// orList is "A, B or C".
func orList[T ~string](words []T) string {
	if len(words) == 0 {
		return ""
	}
	s := make([]string, len(words))
	for i, w := range words {
		s[i] = string(w)
	}
	if len(s) == 1 {
		return s[0]
	}
	return strings.Join(s[:len(s)-1], ", ") + " or " + s[len(s)-1]
}
