package convert

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// gatewayHTTP fills in the defaults and checks the bounds.
func (r *report) gatewayHTTP(path *field.Path, h *v1alpha1.GatewayHTTP) model.HTTP {
	out := model.HTTP{Host: model.HostOfTarget, Forwarded: true, MaxHeaderBytes: defaultMaxHeader}
	if h == nil {
		return out
	}
	r.oneOf(path.Child("host"), h.Host, string(model.HostOfTarget), string(model.HostOfClient), string(model.HostReplaced))
	r.oneOf(path.Child("forwarded"), h.Forwarded, forwardedAppend, forwardedRemove)
	if h.Host != "" {
		out.Host = model.HostHeader(h.Host)
	}
	if (out.Host == model.HostReplaced) != (h.Hostname != "") {
		r.error("HostnameMismatch", path.Child("hostname"), "hostname is the Host header of host: Replace", "write both, or neither")
	}
	r.fits(path.Child("hostname"), h.Hostname, hostAndPort, "is not a host", "write a name and, where needed, a port, such as api.example.com, without scheme and path")
	out.Hostname, out.Forwarded = h.Hostname, h.Forwarded != forwardedRemove
	out.RewriteRedirects, out.RetryIdempotent = h.RewriteRedirects, h.RetryIdempotent
	out.ResponseTimeout = orDefault(h.ResponseTimeout, 0)
	r.positive(path.Child("responseTimeout"), out.ResponseTimeout, true, "30s")
	if h.MaxHeaderBytes != 0 {
		out.MaxHeaderBytes = int(h.MaxHeaderBytes)
	}
	if out.MaxHeaderBytes < 1<<10 || out.MaxHeaderBytes > 1<<20 {
		r.error("OutOfRange", path.Child("maxHeaderBytes"), fmt.Sprintf("maxHeaderBytes %d is out of range", h.MaxHeaderBytes), "write a number from 1024 to 1048576")
	}
	if out.MaxBodyBytes = h.MaxBodyBytes; out.MaxBodyBytes < 0 {
		r.error("OutOfRange", path.Child("maxBodyBytes"), fmt.Sprintf("maxBodyBytes %d is negative", h.MaxBodyBytes), "write a number of bytes, or leave it out")
	}
	return out
}
