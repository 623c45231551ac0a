package convert

import (
	"slices"
	"strings"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// maxRefusal is how many bytes of a refusal a person is asked to read.
const maxRefusal = 1000

// Refusal returns why the object at that index of Input.Objects is refused as a
// whole, with a reason of the condition Accepted. Nil if it is served, or has no
// Errors.
func (o Output) Refusal(source int) *model.Refusal {
	if slices.ContainsFunc(o.Services, func(w Wanted) bool { return w.Source == source }) {
		return nil
	}
	reason, all := "", []string(nil)
	for _, p := range o.Problems {
		if p.Source != source || p.Severity != model.Error {
			continue
		}
		if reason == "" {
			reason = acceptedReason(p.Reason)
		}
		if acceptedReason(p.Reason) != reason {
			reason = v1alpha1.ReasonInvalid
		}
		all = append(all, sentence(p))
	}
	if len(all) == 0 {
		return nil
	}
	return &model.Refusal{Reason: reason, Message: shorten(strings.Join(all, ". "))}
}

// acceptedReason is a problem's reason as the condition Accepted has it.
func acceptedReason(reason string) string {
	if reason == v1alpha1.ReasonHostnameInCluster {
		return reason
	}
	return v1alpha1.ReasonInvalid
}

func sentence(p Problem) string {
	s := p.Message
	if p.Field != "" {
		s = p.Field + ": " + s
	}
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	return s
}

// shorten cuts a text between two characters.
func shorten(s string) string {
	const end = "..."
	if len(s) <= maxRefusal {
		return s
	}
	return strings.ToValidUTF8(s[:maxRefusal-len(end)], "") + end
}
