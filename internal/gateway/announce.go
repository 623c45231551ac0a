package gateway

import (
	"log/slog"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/events"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trouble"
)

// maxNote is how long the note of an Event may be (events.k8s.io/v1).
const maxNote = 1024

// announcer tells troubles in the log, and by Events of the ExternalService.
type announcer struct {
	broadcaster events.EventBroadcaster
	events      events.EventRecorder
	uid         func(model.Key) types.UID
	log         *slog.Logger
}

func newAnnouncer(c kubernetes.Interface, scheme *runtime.Scheme, uid func(model.Key) types.UID, log *slog.Logger) *announcer {
	b := events.NewBroadcaster(&events.EventSinkImpl{Interface: c.EventsV1()})
	return &announcer{broadcaster: b, events: b.NewRecorder(scheme, "fairlead.dev/gateway"), uid: uid, log: log}
}

func (a *announcer) tell(t trouble.Trouble) {
	a.log.Warn("trouble", "service", t.Key.String(), "reason", t.Reason, "problem", t.Message)
	note := t.Message
	if len(note) > maxNote {
		note = strings.ToValidUTF8(note[:maxNote-3], "") + "..."
	}
	about := &corev1.ObjectReference{APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.Kind, Namespace: t.Key.Namespace, Name: t.Key.Name, UID: a.uid(t.Key)}
	a.events.Eventf(about, nil, corev1.EventTypeWarning, t.Reason, "Relay", "%s", note)
}
