package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// publisher carries decisions out: objects first, then what became of them to
// the engine, then the status.
type publisher struct {
	client client.Client
	live   client.Reader // past the cache
	latest snapshots
	engine reports
	slices *sliceStore
	fronts *fronts
	writer *writer
	events *recorder
	heard  *heard
	now    func() time.Time
}

// reports is where it goes what became of a decision.
type reports interface {
	Report(ctx context.Context, key model.Key, f *model.Fault) error
}

// Reconcile makes what stands in the cluster the decision of now.
func (p *publisher) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	key := model.Key(req.NamespacedName)
	published := p.latest.Snapshot().Find(key)
	if published == nil {
		p.heard.forget(key)
		p.fronts.ports.release(key)
		return reconcile.Result{}, p.withdraw(ctx, key)
	}
	owner, err := p.owner(ctx, published)
	if owner == nil || err != nil {
		return reconcile.Result{}, err
	}
	fault, again, err := p.carryOut(ctx, published, owner)
	if errors.Is(err, errLetGo) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return reconcile.Result{}, nil // its owner goes, or does with the namespace
	}
	if err != nil && fault == nil {
		return reconcile.Result{}, err
	}
	if err := p.engine.Report(ctx, key, steady(published, fault)); err != nil {
		return reconcile.Result{}, err
	}
	if !tells(published, fault) {
		return reconcile.Result{RequeueAfter: again}, err // a decision that tells of the fault comes here soon
	}
	result, told := p.tell(ctx, published, owner)
	if err != nil {
		return reconcile.Result{}, errors.Join(err, told)
	}
	if again > 0 && (result.RequeueAfter == 0 || again < result.RequeueAfter) {
		result.RequeueAfter = again
	}
	return result, told
}

// owner returns the object that wants the service, from the cache; nil if it is
// gone, going, or wants it no more.
func (p *publisher) owner(ctx context.Context, published *model.Published) (client.Object, error) {
	if published.Service.Origin.Kind == v1alpha1.Kind {
		e, err := find(ctx, p.client, published.Service.Key, new(v1alpha1.ExternalService))
		if e == nil {
			return nil, err
		}
		return e, nil
	}
	s, err := find(ctx, p.client, published.Service.Key, new(corev1.Service))
	if s == nil || !kept(s) {
		return nil, err
	}
	return s, nil
}

// carryOut writes the objects of a decision. A fault is what the API server
// refused, and an error beside it that it is to be tried again. Again is after how long
// there is more to write; zero for never.
func (p *publisher) carryOut(ctx context.Context, published *model.Published, owner client.Object) (_ *model.Fault, again time.Duration, _ error) {
	if published.Service.Refusal != nil && len(published.Service.Targets) == 0 {
		return nil, 0, nil // nothing was ever accepted: what stands stays
	}
	w := &writing{publisher: p, key: published.Service.Key, input: render.Input{Published: published, Owner: ownerOf(owner, kindService, "v1")}}
	fault, err := w.carryOut(ctx, published, owner)
	return fault, w.again, err
}

func (w *writing) carryOut(ctx context.Context, published *model.Published, owner client.Object) (*model.Fault, error) {
	if _, custom := owner.(*v1alpha1.ExternalService); !custom {
		return w.endpoints(ctx)
	}
	w.input.Owner = ownerOf(owner, v1alpha1.Kind, v1alpha1.GroupVersion().String())
	standing, err := settled(ctx, w.client, client.ObjectKey(w.key), new(corev1.Service))
	if err != nil {
		return nil, err
	}
	if fault := claim(standing, w.input.Owner); fault != nil {
		return fault, w.withdraw(ctx, w.key)
	}
	if fault := awaits(published, standing, w.input.Owner); fault != nil {
		return fault, nil
	}
	err = w.service(ctx, standing)
	switch {
	case errors.Is(err, errLetGo):
		return nil, err
	case err != nil && standing == nil:
		return refused(w.key, "Service", err, false), err
	case err != nil: // the one that stands has its endpoints kept all the same
		_, more := w.endpoints(ctx)
		return refused(w.key, "Service", err, true), errors.Join(err, more)
	}
	return w.endpoints(ctx)
}

// awaits returns why a Service that is to be taken over is left as it is for now:
// its clients would lose the endpoints that it has, and have none.
func awaits(published *model.Published, standing *corev1.Service, owner metav1.OwnerReference) *model.Fault {
	d := &published.Decision
	if standing == nil || len(d.Endpoints) > 0 || d.External != nil {
		return nil
	}
	if by := metav1.GetControllerOf(standing); by != nil && by.UID == owner.UID {
		return nil
	}
	return &model.Fault{
		Key: published.Service.Key, Reason: v1alpha1.ReasonPending,
		Message: fmt.Sprintf("Service %s is taken over once there is an address", published.Service.Key),
	}
}

// refused is the fault of a write that will fail again as it stands; nil if the
// API server was away, or somebody else was quicker.
func refused(key model.Key, what string, err error, partial bool) *model.Fault {
	for _, is := range []func(error) bool{
		apierrors.IsInvalid, apierrors.IsForbidden, apierrors.IsBadRequest, apierrors.IsAlreadyExists,
		apierrors.IsRequestEntityTooLargeError, apierrors.IsInternalError, // a webhook that cannot be asked
	} {
		if is(err) {
			return &model.Fault{
				Key: key, Reason: v1alpha1.ReasonWriteRefused, Partial: partial,
				Message: fmt.Sprintf("the API server refuses its %s: %v", what, err),
			}
		}
	}
	return nil
}

// steady keeps the words of a refusal that goes on: those of a webhook may have a
// time in them, and each would be news.
func steady(published *model.Published, fault *model.Fault) *model.Fault {
	programmed, _ := published.Decision.Condition(model.Programmed)
	if fault == nil || fault.Reason != v1alpha1.ReasonWriteRefused || programmed.Reason != fault.Reason {
		return fault
	}
	same := *fault
	same.Message = programmed.Message
	return &same
}

// tells reports whether a decision's conditions already say what became of it.
func tells(published *model.Published, fault *model.Fault) bool {
	accepted, _ := published.Decision.Condition(model.Accepted)
	programmed, known := published.Decision.Condition(model.Programmed)
	switch {
	case fault == nil:
		return accepted.Reason != v1alpha1.ReasonServiceExists && (!known || programmed.Status)
	case fault.Claimed:
		return accepted.Reason == fault.Reason && accepted.Message == fault.Message
	case fault.Reason == v1alpha1.ReasonWriteRefused:
		return known && programmed.Reason == fault.Reason
	}
	return known && programmed.Reason == fault.Reason && programmed.Message == fault.Message
}
