package failover

import "fairlead.dev/internal/model"

// gatewayConditions say whether what a gateway names is there, and whether it verifies
// whom it speaks to.
func gatewayConditions(svc *model.Service) []model.Condition {
	var all []model.Condition
	switch {
	case svc.Lack != nil:
		all = append(all, model.Condition{Type: model.ResolvedRefs, Reason: svc.Lack.Reason, Message: svc.Lack.Message})
	case svc.Named:
		all = append(all, model.Condition{Type: model.ResolvedRefs, Status: true, Reason: ReasonResolvedRefs, Message: "the certificates that the gateway names are there"})
	}
	if svc.Gateway == nil || svc.Gateway.BackendTLS == nil {
		return all
	}
	verified := model.Condition{Type: model.Verified, Status: true, Reason: ReasonVerified, Message: "a target whose certificate is not trusted is sent nothing"}
	if svc.Gateway.BackendTLS.Insecure {
		verified.Status, verified.Reason = false, ReasonInsecureSkipVerify
		verified.Message = "insecureSkipVerify: whoever answers at a target's address is trusted, and anybody on the way can read and change what is sent"
	}
	return append(all, verified)
}
