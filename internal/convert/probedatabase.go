package convert

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// probeSQL fills in what a server is asked that tells its role to those who have
// logged in.
func (r *report) probeSQL(path *field.Path, role v1alpha1.DatabaseRole, secret *v1alpha1.SecretReference, database string, out *model.Probe) {
	r.probeLogin(path, role, secret, out)
	out.Database = database
	switch {
	case role != "" && secret == nil:
		r.error("CredentialsMissing", path.Child("credentialsSecretRef"), "a server tells its role to those who log in, and there is nothing to log in with",
			"write credentialsSecretRef: {name: "+r.key.Name+"-probe}, or leave role out")
	case role == "" && secret != nil:
		r.error("RoleMissing", path.Child("role"), "the credentials would be sent for nothing: only a role is asked for with them",
			"write role: primary or role: replica, or leave credentialsSecretRef out")
	case role == "" && database != "":
		r.error("RoleMissing", path.Child("role"), "the database is where a role is asked for, and there is none",
			"write role: primary or role: replica, or leave database out")
	}
}

// probeLogin fills in the role, and what to log in with.
func (r *report) probeLogin(path *field.Path, role v1alpha1.DatabaseRole, secret *v1alpha1.SecretReference, out *model.Probe) {
	r.oneOf(path.Child("role"), string(role), string(model.RolePrimary), string(model.RoleReplica))
	out.Role = model.Role(role)
	if secret == nil {
		return
	}
	name := path.Child("credentialsSecretRef", "name")
	out.Credentials = secret.Name
	if secret.Name == "" {
		r.error("NameMissing", name, "the Secret has no name", "write credentialsSecretRef: {name: "+r.key.Name+"-probe}")
		return
	}
	if bad := validation.IsDNS1123Subdomain(secret.Name); len(bad) > 0 {
		r.error("InvalidName", name, fmt.Sprintf("%q is not the name of a Secret: %s", secret.Name, short(bad[0])), "write lower-case letters, digits, hyphens and dots")
	}
}
