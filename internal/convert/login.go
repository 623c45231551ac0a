package convert

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// LackError is why a login or a certificate that a spec names is not to be had. It
// has nothing of what a Secret holds.
type LackError struct {
	// Message names the object and says why; Hint says what to write instead.
	Message, Hint string
}

func (e *LackError) Error() string { return e.Message + "; " + e.Hint }

// NoSecret is the error for a Secret that does not exist; where says in what.
func NoSecret(key model.Key, where string) error {
	return &LackError{
		Message: fmt.Sprintf("there is no Secret %s in %s", key, where),
		Hint: fmt.Sprintf("write one of type %s with username and password, and with the annotation %s: \"true\"",
			corev1.SecretTypeBasicAuth, v1alpha1.AnnotationAllowProbe),
	}
}

// Login returns what a Secret says to log in with. One of the two may be empty: a
// Redis may know no users, and a server may ask for no password. An error is a
// [*LackError].
func Login(s *corev1.Secret) (username, password string, err error) {
	key := model.Key{Namespace: s.Namespace, Name: s.Name}
	if s.Annotations[v1alpha1.AnnotationAllowProbe] != "true" {
		return "", "", &LackError{
			Message: fmt.Sprintf("Secret %s does not consent that the targets of probes are told what it holds", key),
			Hint:    fmt.Sprintf("if they may be, write the annotation %s: \"true\" on it", v1alpha1.AnnotationAllowProbe),
		}
	}
	username, password = held(s, corev1.BasicAuthUsernameKey), held(s, corev1.BasicAuthPasswordKey)
	if username == "" && password == "" {
		return "", "", &LackError{
			Message: fmt.Sprintf("Secret %s has neither username nor password", key),
			Hint:    "write them under stringData: {username: probe, password: ...}",
		}
	}
	return username, password, nil
}

// held is the value of a key. What is written under stringData goes first, as in an
// API server, which shows no stringData.
func held(s *corev1.Secret, key string) string {
	if v, ok := s.StringData[key]; ok {
		return v
	}
	return string(s.Data[key])
}
