package convert

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// annotated converts a Service without selector whose annotation names the host
// outside where it lives.
func (c *converter) annotated(r *report, d *declared, s *corev1.Service) {
	d.annotated = true
	path := annotation(v1alpha1.AnnotationHostname)
	switch t := s.Spec.Type; t {
	case "", corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer:
	case corev1.ServiceTypeExternalName:
		r.error("AnnotationMisplaced", path, "a Service of type ExternalName is an alias and has no endpoints",
			"delete the annotation, or write type: ClusterIP and delete externalName")
		return
	default:
		r.unknownType(t)
		return
	}
	if len(s.Spec.Selector) > 0 {
		r.error("AnnotationMisplaced", path, "a Service with a selector has Pods as endpoints", "delete the selector or the annotation")
		return
	}
	hostname := trimDot(s.Annotations[v1alpha1.AnnotationHostname])
	r.annotatedHostname(path, hostname, s.Spec.Ports)
	w := c.plain(r, s)
	r.outsidePorts(w.Ports, s)
	if r.errors > 0 {
		return
	}
	w.Targets = []model.Target{{Name: externalTarget, Unnamed: true, Hostname: hostname}}
	d.wanted = w
	c.wanted = append(c.wanted, w)
}

func annotation(name string) *field.Path { return at("metadata", "annotations").Key(name) }

// annotatedHostname checks the host. An address is none, and needs no annotation.
func (r *report) annotatedHostname(path *field.Path, name string, ports []corev1.ServicePort) {
	if looksLikeIP(name) {
		r.error("HostnameIsIP", path, fmt.Sprintf("%s is an IP address, not a hostname", name), addressInstead(r.key, name, ports))
		return
	}
	r.hostname(path, name)
}

// outsidePorts sets where the host listens: as the annotation says, or else at the
// targetPort. ports are those of s.
func (r *report) outsidePorts(ports []model.Port, s *corev1.Service) {
	text, ok := s.Annotations[v1alpha1.AnnotationPorts]
	mapped := make([]bool, len(ports))
	if ok {
		path := annotation(v1alpha1.AnnotationPorts)
		for entry := range strings.SplitSeq(text, ",") {
			r.outsidePort(path, strings.TrimSpace(entry), ports, mapped)
		}
	}
	for i := range s.Spec.Ports {
		if t := s.Spec.Ports[i].TargetPort; t.Type == intstr.String && !mapped[i] {
			r.warn("TargetPortUnused", at("spec", "ports").Index(i).Child("targetPort"),
				fmt.Sprintf("targetPort %q is the name of a Pod's port, and there is no Pod: connections go to port %d", t.StrVal, ports[i].TargetPort),
				"write targetPort: and a number, or leave it out")
		}
	}
}

// outsidePort follows one entry of the annotation.
func (r *report) outsidePort(path *field.Path, entry string, ports []model.Port, mapped []bool) {
	which, number, ok := strings.Cut(entry, "=")
	if which, number = strings.TrimSpace(which), strings.TrimSpace(number); !ok || which == "" || number == "" {
		r.error("InvalidPort", path, fmt.Sprintf("%q does not say which port is where", entry),
			"write PORT=NUMBER, with the name or number of a port of the Service, such as "+exampleMapping(ports))
		return
	}
	if len(ports) == 0 {
		r.error("UnknownPort", path, fmt.Sprintf("%q is no port of Service %s, which has none", which, r.key), "write ports: [{port: "+number+"}] in its spec, or delete the annotation")
		return
	}
	found := called(which, ports)
	if len(found) == 0 {
		r.error("UnknownPort", path, fmt.Sprintf("%q is no port of Service %s, which has %s", which, r.key, portStrings(ports)),
			"write "+portHint(which, ports))
		return
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		r.error("InvalidPort", path, fmt.Sprintf("%q is not the number of a port", number), "write a number from 1 to 65535, such as "+exampleMapping(ports[found[0]:]))
		return
	}
	for _, i := range found {
		if mapped[i] {
			r.error("PortsClash", path, fmt.Sprintf("%s stands in the annotation twice", ports[i]), "write each port once")
			return
		}
		mapped[i], ports[i].TargetPort = true, uint16(n)
	}
}

// called are the indices of the port of that name, or of those with that number.
func called(which string, ports []model.Port) []int {
	var byNumber []int
	for i, p := range ports {
		if p.Name == which {
			return []int{i}
		}
		if strconv.Itoa(int(p.Port)) == which {
			byNumber = append(byNumber, i)
		}
	}
	return byNumber
}

func portStrings(ports []model.Port) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = p.String()
	}
	return strings.Join(words, ", ")
}

// portHint is what was most likely meant.
func portHint(which string, ports []model.Port) string {
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = portWord(p)
	}
	if near := Nearest(which, names); near != "" {
		return near
	}
	return orList(names)
}

func exampleMapping(ports []model.Port) string {
	if len(ports) == 0 {
		return "5432=6432"
	}
	return fmt.Sprintf("%s=%d", portWord(ports[0]), ports[0].Port)
}

// portWord is a port's name, or its number where it has none.
func portWord(p model.Port) string {
	if p.Name != "" {
		return p.Name
	}
	return strconv.Itoa(int(p.Port))
}
