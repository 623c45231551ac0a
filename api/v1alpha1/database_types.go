package v1alpha1

// DatabaseRole is what a database server must be to count as up.
//
// +kubebuilder:validation:Enum=primary;replica
type DatabaseRole string

// The roles.
const (
	// RolePrimary takes writes. One endpoint at most is published of a service that
	// wants it.
	RolePrimary DatabaseRole = "primary"
	// RoleReplica follows a primary and takes reads only.
	RoleReplica DatabaseRole = "replica"
)

// SecretReference names a Secret in the namespace of the ExternalService.
type SecretReference struct {
	// Name of the Secret. It has the keys username and password, as those of type
	// kubernetes.io/basic-auth have, and the annotation fairlead.dev/allow-probe:
	// "true": its owner's consent that the targets are told them.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="not the name of a Secret: write lower-case letters, digits, hyphens and dots"
	Name string `json:"name"`
}

// PostgresProbe succeeds when a PostgreSQL server accepts connections. Without a
// role nobody logs in.
//
// +kubebuilder:validation:XValidation:rule="has(self.role) == has(self.credentialsSecretRef)",message="a server tells its role to those who log in, and a login is for nothing else: write both role and credentialsSecretRef, or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.database) || has(self.role)",message="the database is where the role is asked for: write role: primary or role: replica, or leave database out"
type PostgresProbe struct {
	// Role is primary, which takes writes, or replica. Empty means either.
	// +optional
	Role DatabaseRole `json:"role,omitempty"`
	// CredentialsSecretRef names the Secret to log in with, which a role takes.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`
	// Database is what is connected to. Defaults to postgres.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Database string `json:"database,omitempty"`
}

// MySQLProbe succeeds when a MySQL or MariaDB server accepts connections. Without
// a role nobody logs in.
//
// +kubebuilder:validation:XValidation:rule="has(self.role) == has(self.credentialsSecretRef)",message="a server tells its role to those who log in, and a login is for nothing else: write both role and credentialsSecretRef, or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.database) || has(self.role)",message="the database is where the role is asked for: write role: primary or role: replica, or leave database out"
type MySQLProbe struct {
	// Role is primary, which takes writes, or replica. Empty means either.
	// +optional
	Role DatabaseRole `json:"role,omitempty"`
	// CredentialsSecretRef names the Secret to log in with, which a role takes.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`
	// Database is what is connected to. Defaults to none.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Database string `json:"database,omitempty"`
}

// RedisProbe succeeds when a Redis or Valkey server answers.
type RedisProbe struct {
	// Role is primary, which takes writes, or replica. Empty means either.
	// +optional
	Role DatabaseRole `json:"role,omitempty"`
	// CredentialsSecretRef names the Secret to log in with. Not needed where the
	// server asks for no password.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`
	// TLS is spoken if it is set, {} included; otherwise there is none, and a
	// password travels as it is.
	// +optional
	TLS *TLSProbe `json:"tls,omitempty"`
}
