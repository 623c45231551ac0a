package kube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/material"
	"fairlead.dev/internal/model"
)

const kindService = "Service"

// reader gives the engine what ExternalServices and annotated Services want, one
// at a time. It is used by one goroutine.
type reader struct {
	client client.Client
	engine wishes
	events *recorder
	log    *slog.Logger
	domain string
	// gateway is whether there is one, and materials are where it is looked up what
	// specs name for it.
	gateway   bool
	materials *material.Store

	// accepted are the services as they were last accepted: what a broken edit
	// leaves in force.
	accepted map[model.Key]model.Service
	// told is what was last said to be wrong with each manifest, so that it is said
	// once.
	told map[model.Key]string
}

// wishes is where services that are wanted go.
type wishes interface {
	Apply(ctx context.Context, c engine.Change) error
}

// Reconcile tells the engine what is wanted under one name.
func (r *reader) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	key := model.Key(req.NamespacedName)
	// The cache as it is will do: it is another process's writes that are read here,
	// and to wait for the publisher's would hold up every other service.
	custom, err := find(ctx, r.client, key, new(v1alpha1.ExternalService), client.DisableReadYourWritesConsistency)
	if err != nil {
		return reconcile.Result{}, err
	}
	plain, err := find(ctx, r.client, key, new(corev1.Service), client.DisableReadYourWritesConsistency)
	if err != nil {
		return reconcile.Result{}, err
	}
	switch {
	case custom != nil && !served(plain, custom):
		return r.external(ctx, key, custom)
	case plain != nil && annotated(plain):
		return r.plain(ctx, key, plain)
	}
	return reconcile.Result{}, r.gone(ctx, key)
}

// What a gateway names is looked at again: a Secret that comes, is rotated or goes is no
// change of the spec.
const (
	lookAgain     = 30 * time.Second
	lookAgainSoon = 3 * time.Second
	lookAgainNow  = 100 * time.Millisecond
)

// served reports whether an annotated Service has its endpoints kept already, so
// that an ExternalService of its name has to wait for its owner's consent.
func served(plain *corev1.Service, custom *v1alpha1.ExternalService) bool {
	return plain != nil && kept(plain) && claim(plain, ownerOf(custom, v1alpha1.Kind, v1alpha1.GroupVersion().String())) != nil
}

// find returns an object from the cache; nil if there is none, or it is going.
func find[T client.Object](ctx context.Context, c client.Reader, key model.Key, into T, opts ...client.GetOption) (T, error) {
	var none T
	err := c.Get(ctx, client.ObjectKey(key), into, opts...)
	switch {
	case apierrors.IsNotFound(err):
		return none, nil
	case err != nil:
		return none, fmt.Errorf("read %T %s: %w", into, key, err)
	case into.GetDeletionTimestamp() != nil:
		return none, nil
	}
	return into, nil
}

func (r *reader) gone(ctx context.Context, key model.Key) error {
	delete(r.accepted, key)
	delete(r.told, key)
	return r.engine.Apply(ctx, engine.Change{Gone: []model.Key{key}})
}

// external reads an ExternalService.
func (r *reader) external(ctx context.Context, key model.Key, e *v1alpha1.ExternalService) (reconcile.Result, error) {
	out, err := r.convert(ctx, e)
	if err != nil {
		return reconcile.Result{}, err
	}
	if e.Generation != e.Status.ObservedGeneration { // or a process before this one has said it
		r.tell(key, e, notable(out.Problems))
	}
	return r.want(ctx, key, out, model.Origin{Kind: v1alpha1.Kind, Generation: e.Generation}, &e.Status)
}

// plain reads an annotated Service.
func (r *reader) plain(ctx context.Context, key model.Key, s *corev1.Service) (reconcile.Result, error) {
	out, err := r.convert(ctx, s)
	if err != nil {
		return reconcile.Result{}, err
	}
	r.tell(key, s, out.Problems)
	if !kept(s) {
		return reconcile.Result{}, r.gone(ctx, key) // its endpoints are Pods again, or none
	}
	return r.want(ctx, key, out, model.Origin{Kind: kindService}, &v1alpha1.ExternalServiceStatus{})
}

// tell records what is wrong with an object, unless it was just said. What was
// mended and comes again is told again.
func (r *reader) tell(key model.Key, object client.Object, problems []convert.Problem) {
	text := fmt.Sprint(problems)
	if len(problems) == 0 {
		delete(r.told, key)
		return
	}
	if r.told[key] != text {
		r.events.problems(object, problems)
	}
	r.told[key] = text
}

// want hands over what was understood of an object; where it was refused, what
// was last accepted, and why the rest is not followed.
func (r *reader) want(ctx context.Context, key model.Key, out convert.Output, origin model.Origin, status *v1alpha1.ExternalServiceStatus) (again reconcile.Result, _ error) {
	for _, p := range out.Problems {
		r.log.Debug("manifest", "object", p.Object, "field", p.Field, "reason", p.Reason, "problem", p.Message, "fix", p.Hint)
	}
	s := r.accepted[key]
	s.Key = key
	if len(out.Services) > 0 {
		s = out.Services[0].Service
		s.Refusal = nil
		r.accepted[key] = s
	} else {
		if s.Refusal = out.Refusal(0); s.Refusal == nil {
			return again, r.gone(ctx, key)
		}
	}
	s.Origin = origin
	known := r.materials.Known()
	lacks, named := convert.Lacks(&s, known)
	if known.Waiting { // nobody else waits for it
		again.RequeueAfter = lookAgainNow
		return again, nil
	}
	s.Named, s.Lack = named, convert.Unresolved(lacks)
	switch {
	case s.Lack != nil:
		again.RequeueAfter = lookAgainSoon
	case named:
		again.RequeueAfter = lookAgain
	}
	slices, err := listSlices(ctx, r.client, key, indexOurs)
	if err != nil {
		return again, err
	}
	stands := standing(slices, status)
	return again, r.engine.Apply(ctx, engine.Change{Services: []engine.Entry{{
		Service: s, Standing: stands, State: failover.Recall(&s, memory(stands, status)),
	}}})
}

// convert converts one object. An error is the cache's: what it does not say is
// not taken for an absence.
func (r *reader) convert(ctx context.Context, object client.Object) (convert.Output, error) {
	var failed error
	out := convert.Convert(convert.Input{
		Objects: []convert.Object{{Value: object}}, ClusterDomain: r.domain, NoGateway: !r.gateway,
		InCluster: func(k model.Key) (convert.InCluster, bool) {
			found, err := r.inCluster(ctx, k)
			failed = errors.Join(failed, err)
			return found, found.Service != nil
		},
	})
	return out, failed
}

// inCluster returns a Service of the cluster with its slices, from the cache.
func (r *reader) inCluster(ctx context.Context, key model.Key) (convert.InCluster, error) {
	s, err := find(ctx, r.client, key, new(corev1.Service), client.DisableReadYourWritesConsistency)
	if s == nil || err != nil {
		return convert.InCluster{}, err
	}
	slices, err := listSlices(ctx, r.client, key, indexService)
	return convert.InCluster{Service: s, Slices: slices}, err
}

// notable are the problems that the status does not tell: it tells Errors.
func notable(all []convert.Problem) []convert.Problem {
	var out []convert.Problem
	for _, p := range all {
		if p.Severity != model.Error {
			out = append(out, p)
		}
	}
	return out
}
