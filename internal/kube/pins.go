package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/pin"
)

// Pins pins ExternalServices of a cluster, on behalf of a person.
type Pins struct {
	client    client.Client
	namespace string
	where     string
}

// NewPins returns the pins of the cluster at c. The namespace is that of services
// for which a person names none.
func NewPins(c *rest.Config, namespace string) (*Pins, error) {
	scheme, err := newScheme()
	if err == nil {
		err = authenticationv1.AddToScheme(scheme)
	}
	if err != nil {
		return nil, err
	}
	k, err := client.New(c, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("reach the API server at %s: %w", c.Host, err)
	}
	return &Pins{client: k, namespace: cmp.Or(namespace, "default"), where: c.Host}, nil
}

// Find implements [pin.Backend].
func (p *Pins) Find(ctx context.Context, namespace, name string) (pin.Service, error) {
	if ns, rest, ok := strings.Cut(name, "/"); ok && namespace == "" {
		namespace, name = ns, rest
	}
	key := types.NamespacedName{Namespace: cmp.Or(namespace, p.namespace), Name: name}
	var x v1alpha1.ExternalService
	err := p.client.Get(ctx, key, &x)
	switch {
	case meta.IsNoMatchError(err):
		return pin.Service{}, fmt.Errorf("the cluster at %s has no ExternalServices: install Fairlead there, or for a running fairlead run give its --http-address", p.where)
	case apierrors.IsNotFound(err):
		return pin.Service{}, p.missing(ctx, key)
	case err != nil:
		return pin.Service{}, fmt.Errorf("get ExternalService %s of the cluster at %s: %w", key, p.where, err)
	}
	return pinnable(&x, p.where), nil
}

// missing says what there is instead of a service.
func (p *Pins) missing(ctx context.Context, key types.NamespacedName) error {
	var all v1alpha1.ExternalServiceList
	if err := p.client.List(ctx, &all, client.InNamespace(key.Namespace)); err != nil {
		return fmt.Errorf("there is no ExternalService %s in the cluster at %s", key, p.where)
	}
	names := make([]string, len(all.Items))
	for i := range all.Items {
		names[i] = all.Items[i].Name
	}
	if meant := convert.Nearest(key.Name, names); meant != "" {
		return fmt.Errorf("there is no ExternalService %s in the cluster at %s: did you mean %s?", key, p.where, meant)
	}
	return fmt.Errorf("there is no ExternalService %s in the cluster at %s: another namespace is named with -n, a running fairlead run with --http-address", key, p.where)
}

// Write implements [pin.Backend]. It touches the four annotations and nothing else.
func (p *Pins) Write(ctx context.Context, s pin.Service, to *model.Pin) error {
	annotations := map[string]any{}
	for _, a := range convert.PinAnnotations(to) {
		annotations[a.Key] = nil // removes it
		if a.Value != "" {
			annotations[a.Key] = a.Value
		}
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		return fmt.Errorf("write the annotations: %w", err)
	}
	x := &v1alpha1.ExternalService{}
	x.Namespace, x.Name = s.Key.Namespace, s.Key.Name
	if err := p.client.Patch(ctx, x, client.RawPatch(types.MergePatchType, patch), client.FieldOwner("fairlead-switch")); err != nil {
		return fmt.Errorf("patch ExternalService %s of the cluster at %s: %w", s.Key, p.where, err)
	}
	return nil
}

// Who implements [pin.Backend]: the name that the API server knows the person by, or
// nothing.
func (p *Pins) Who(ctx context.Context) string {
	var me authenticationv1.SelfSubjectReview
	if err := p.client.Create(ctx, &me); err != nil {
		return "" // who else asks may know
	}
	return me.Status.UserInfo.Username
}

// pinnable is a service as its spec and its status tell of it.
func pinnable(x *v1alpha1.ExternalService, where string) pin.Service {
	s := pin.Service{
		Key: model.Key{Namespace: x.Namespace, Name: x.Name}, Kind: v1alpha1.Kind, Type: model.ServiceType(x.Spec.Type),
		Probed: x.Spec.Probe != nil, Failover: model.DefaultFailover(), Where: "ExternalService " + x.Namespace + "/" + x.Name + " of the cluster at " + where,
	}
	if f := x.Spec.Failover; f != nil {
		s.Failover.ManualFailback = f.Failback == "Manual"
		if f.FailbackDelay != nil {
			s.Failover.FailbackDelay = f.FailbackDelay.Duration
		}
	}
	if to := x.Annotations[v1alpha1.AnnotationPin]; to != "" {
		s.Pin = &model.Pin{Target: to, By: x.Annotations[v1alpha1.AnnotationPinnedBy], Reason: x.Annotations[v1alpha1.AnnotationPinReason]}
	}
	if a := x.Status.Active; a != nil {
		s.Active = a.Targets
		if a.Pinned != nil && len(a.Targets) > 0 {
			s.Followed = a.Targets[0]
		}
	}
	trouble := map[string]string{}
	for _, t := range x.Status.Targets {
		if t.Reason == v1alpha1.ReasonTargetDown || len(t.Addresses) == 0 && s.Probed {
			trouble[t.Name] = cmp.Or(t.Message, t.Reason)
		}
	}
	for i := range x.Spec.Targets {
		t := &x.Spec.Targets[i]
		s.Targets = append(s.Targets, pin.Target{Name: t.Name, Priority: int(t.Priority), Trouble: trouble[t.Name]})
	}
	return s
}
