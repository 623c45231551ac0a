package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/events"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

const (
	// tellAgain is after how long the same trouble is told again.
	tellAgain = 5 * time.Minute
	// maxTold bounds what is remembered of it.
	maxTold = 10_000
	// maxNote is how long the note of an Event may be (events.k8s.io/v1).
	maxNote = 1024
)

// troubles tells people what goes wrong with connections: in the log, and by Events of
// the ExternalService. The same is told once in a while only.
type troubles struct {
	broadcaster events.EventBroadcaster
	events      events.EventRecorder
	uid         func(model.Key) types.UID
	log         *slog.Logger
	now         func() time.Time

	mu   sync.Mutex
	told map[trouble]time.Time
}

// trouble is what is told once.
type trouble struct {
	key    model.Key
	reason string
	// about is the endpoint, or empty.
	about string
}

func newTroubles(c kubernetes.Interface, scheme *runtime.Scheme, uid func(model.Key) types.UID, log *slog.Logger, now func() time.Time) *troubles {
	b := events.NewBroadcaster(&events.EventSinkImpl{Interface: c.EventsV1()})
	return &troubles{broadcaster: b, events: b.NewRecorder(scheme, "fairlead.dev/gateway"), uid: uid, log: log, now: now, told: map[trouble]time.Time{}}
}

func (t *troubles) start(ctx context.Context) {
	if err := t.broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		t.log.Warn("no Events are recorded", "problem", err)
	}
}

// ConnectFailed tells that an endpoint did not take a connection, if a person has to
// look at it: it is not trusted, or what the spec names is not there. That it is down is
// the controller's to tell.
func (g *Gateway) ConnectFailed(key model.Key, _ model.Port, endpoint netip.AddrPort, err error) {
	var f *trust.Failure
	if errors.As(err, &f) {
		g.troubles.tell(trouble{key, f.Reason, endpoint.String()}, endpoint.String()+" "+f.Says)
	}
}

// ReasonClientFailed is that of an Event about a client that did not come to terms with
// the gateway.
const ReasonClientFailed = "ClientHandshakeFailed"

// ClientFailed tells that a client did not come to terms with the gateway.
func (g *Gateway) ClientFailed(key model.Key, port model.Port, err error) {
	g.troubles.tell(trouble{key, ReasonClientFailed, port.String()}, "port "+port.String()+": "+err.Error())
}

// ReasonTooManyConnections is that of an Event about a service with as many clients as
// its maxConnections.
const ReasonTooManyConnections = "TooManyConnections"

// Overflowed tells that a service has as many clients as it may.
func (g *Gateway) Overflowed(key model.Key, port model.Port) {
	g.troubles.tell(trouble{key, ReasonTooManyConnections, ""}, "port "+port.String()+": a client was turned away, since there are as many as the gateway's maxConnections")
}

// faults tells what the relay could not do.
func (t *troubles) faults(all []model.Fault) {
	for _, f := range all {
		t.tell(trouble{f.Key, f.Reason, ""}, f.Message)
	}
}

func (t *troubles) tell(what trouble, message string) {
	t.mu.Lock()
	at, told := t.told[what]
	if told && t.now().Sub(at) < tellAgain {
		t.mu.Unlock()
		return
	}
	if len(t.told) >= maxTold {
		clear(t.told)
	}
	t.told[what] = t.now()
	t.mu.Unlock()
	t.log.Warn("connections fail", "service", what.key.String(), "reason", what.reason, "problem", message)
	if len(message) > maxNote {
		message = strings.ToValidUTF8(message[:maxNote-3], "") + "..."
	}
	about := &corev1.ObjectReference{APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.Kind, Namespace: what.key.Namespace, Name: what.key.Name, UID: t.uid(what.key)}
	t.events.Eventf(about, nil, corev1.EventTypeWarning, what.reason, "Relay", "%s", message)
}
