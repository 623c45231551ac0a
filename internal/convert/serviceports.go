package convert

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/internal/model"
)

// servicePorts converts the ports of a plain Service.
func (r *report) servicePorts(s *corev1.Service) []model.Port {
	root := at("spec", "ports")
	checks := newPortChecks(r, len(s.Spec.Ports))
	ports := make([]model.Port, 0, len(s.Spec.Ports))
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		path := root.Index(i)
		port := model.Port{Name: p.Name, Protocol: protocol(p.Protocol), Port: uint16(p.Port), TargetPort: uint16(p.Port)}
		if p.AppProtocol != nil {
			port.AppProtocol = *p.AppProtocol
		}
		checks.name(path, p.Name)
		checks.number(path.Child("port"), p.Port)
		checks.protocol(path, port.Protocol, p.Port, model.TCP, model.UDP, model.SCTP)
		if port.Protocol == model.SCTP && s.Spec.ClusterIP != corev1.ClusterIPNone && r.c.in.InCluster == nil {
			r.warn("NotRelayed", path.Child("protocol"), fmt.Sprintf("port %d is SCTP, which is not relayed: it has a name in DNS and no listener", p.Port),
				"write clusterIP: None so that clients connect to the endpoints themselves")
		}
		r.targetPort(path.Child("targetPort"), p.TargetPort, &port)
		ports = append(ports, port)
	}
	return ports
}

// targetPort takes over a number. A name says nothing here: endpoints that are
// written by hand are matched by the Service port's name.
func (r *report) targetPort(path *field.Path, t intstr.IntOrString, port *model.Port) {
	if t.Type == intstr.String {
		if bad := validation.IsValidPortName(t.StrVal); len(bad) > 0 {
			r.error("InvalidPort", path, fmt.Sprintf("%q is neither a port number nor a port name: %s", t.StrVal, short(bad[0])), "write a number from 1 to 65535")
		}
		return
	}
	if t.IntVal == 0 {
		return
	}
	if !validPort(t.IntVal) {
		r.error("InvalidPort", path, fmt.Sprintf("port %d is out of range", t.IntVal), "write a number from 1 to 65535")
		return
	}
	port.TargetPort = uint16(t.IntVal)
}

func protocol(p corev1.Protocol) model.Protocol {
	if p == "" {
		return model.TCP
	}
	return model.Protocol(p)
}

func validPort(n int32) bool { return n >= 1 && n <= 65535 }
