package kube

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/render"
)

// patience is how long a service without a status waits for its first lookup, so
// that what is true a moment later is written once.
const patience = time.Second

// tell says to people what was decided, and what became of it: in the status of
// an ExternalService, and by Events.
func (p *publisher) tell(ctx context.Context, published *model.Published, owner client.Object) (reconcile.Result, error) {
	switch o := owner.(type) {
	case *v1alpha1.ExternalService:
		return p.status(ctx, published, o)
	case *corev1.Service:
		p.plain(published, o)
		return p.reject(ctx, published.Service.Key, o)
	}
	return reconcile.Result{}, nil
}

// status writes the status if it says something else than what stands, and an
// event for each condition that changed.
func (p *publisher) status(ctx context.Context, published *model.Published, standing *v1alpha1.ExternalService) (reconcile.Result, error) {
	next := standing.DeepCopy()
	next.Status = render.Status(published, &standing.Status, p.now())
	resolved, _ := published.Decision.Condition(model.Resolvable)
	if resolved.Reason == failover.ReasonPending && !render.Moved(&standing.Status, &next.Status) {
		if len(standing.Status.Conditions) > 0 {
			return reconcile.Result{}, nil // what is said stays so until there is an answer
		}
		if wait := patience - p.now().Sub(resolved.Since); wait > 0 {
			return reconcile.Result{RequeueAfter: wait}, nil
		}
	}
	if equality.Semantic.DeepEqual(next.Status, standing.Status) {
		return reconcile.Result{}, nil
	}
	patch := client.MergeFrom(standing)
	if err := p.client.Status().Patch(ctx, next, patch, fieldOwner); client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("write the status of %s: %w", published.Service.Key, err)
	}
	p.events.moves(standing, standing.Status.History, next.Status.History)
	p.events.transitions(standing, standing.Status.Conditions, next.Status.Conditions)
	return reconcile.Result{}, nil
}

// plain tells the owner of an annotated Service, which has no status for it, what
// has changed since it was last told.
func (p *publisher) plain(published *model.Published, s *corev1.Service) {
	now := render.Status(published, &v1alpha1.ExternalServiceStatus{}, p.now()).Conditions
	if resolved, _ := published.Decision.Condition(model.Resolvable); resolved.Reason == failover.ReasonPending {
		return
	}
	if refusal := published.Service.Refusal; refusal != nil { // the reader has told of it
		now = slices.DeleteFunc(now, func(c metav1.Condition) bool { return c.Reason == refusal.Reason })
	}
	before, known := p.heard.swap(published.Service.Key, now)
	if ready, _ := published.Decision.Condition(model.Ready); known || !ready.Status {
		p.events.transitions(s, before, now)
	}
}

// reject tells an ExternalService whose name is that of an annotated Service that
// it is.
func (p *publisher) reject(ctx context.Context, key model.Key, s *corev1.Service) (reconcile.Result, error) {
	e, err := find(ctx, p.client, key, new(v1alpha1.ExternalService))
	if e == nil || err != nil {
		return reconcile.Result{}, err
	}
	fault := claim(s, ownerOf(e, v1alpha1.Kind, v1alpha1.GroupVersion().String()))
	if fault == nil {
		return reconcile.Result{}, nil // it is about to take it over
	}
	rejected := &model.Published{Service: model.Service{Key: key, Origin: model.Origin{Kind: v1alpha1.Kind, Generation: e.Generation}}}
	for _, c := range []model.ConditionType{model.Accepted, model.Ready} {
		rejected.Decision.Conditions = append(rejected.Decision.Conditions,
			model.Condition{Type: c, Reason: fault.Reason, Message: fault.Message, Since: p.now()})
	}
	return p.status(ctx, rejected, e)
}

// heard is what the owners of annotated Services were last told.
type heard struct {
	mu         sync.Mutex
	conditions map[model.Key][]metav1.Condition
}

func newHeard() *heard { return &heard{conditions: map[model.Key][]metav1.Condition{}} }

func (h *heard) swap(key model.Key, now []metav1.Condition) (before []metav1.Condition, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, known = h.conditions[key]
	h.conditions[key] = now
	return before, known
}

func (h *heard) forget(key model.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conditions, key)
}
