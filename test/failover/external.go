//go:build linux

package failover

import "strings"

// secret lets probes log in. It consents to that.
const secret = `
apiVersion: v1
kind: Secret
metadata: {name: prober, annotations: {fairlead.dev/allow-probe: "true"}}
type: kubernetes.io/basic-auth
stringData: {username: prober, password: secret}
`

// probed is how the ExternalServices here watch their targets: often, and with
// patience, so that a machine that is busy with other tests takes nobody down.
const probed = `
  probe:
    interval: 500ms
    timeout: 3s
    failureThreshold: 2
    successThreshold: 2
    postgres: {role: primary, credentialsSecretRef: {name: prober}}
  resolution: {minInterval: 1s}
`

// quick is the same at the pace of the design's goal for failover.
const quick = `
  probe:
    interval: 250ms
    timeout: 150ms
    failureThreshold: 2
    successThreshold: 1
`

// Tiers is an ExternalService of two names outside, the standby's in a tier of
// its own, that follows the primary by its role and comes back when a person says
// so.
func Tiers() Way {
	return Way{Name: "ExternalService", Manifests: tiers + "  failover: {failback: Manual}\n"}
}

// Quick is Tiers without patience, to measure how long it takes on a machine that
// does nothing else.
func Quick() Way {
	w := Tiers()
	patient, _, _ := strings.Cut(probed, "    postgres:")
	w.Manifests = strings.Replace(w.Manifests, patient, quick, 1)
	return w
}

// Automatic is Tiers that come back by themselves, and soon.
func Automatic() Way {
	return Way{Name: "ExternalService with failback", Manifests: tiers + "  failover: {failback: Automatic, failbackDelay: 1s}\n"}
}

const tiers = secret + `
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db}
spec:
  ports: [{name: postgres, port: 5432}]
  targets:
  - {name: primary, priority: 0, hostname: ` + NameA + `}
  - {name: standby, priority: 1, hostname: ` + NameB + `}` + probed

// Pool is an ExternalService with both servers in one tier, by their names: the
// primary among them is published.
func Pool() Way {
	return Way{Name: "ExternalService of one tier", Manifests: secret + `
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db}
spec:
  ports: [{name: postgres, port: 5432}]
  targets:
  - {name: one, hostname: ` + NameA + `}
  - {name: other, hostname: ` + NameB + `}` + probed}
}

// Replicas is an ExternalService beside, which follows the replicas.
const Replicas = `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db-replicas}
spec:
  ports: [{name: postgres, port: 5432}]
  targets: [{name: all, addresses: [` + addrA + `, ` + addrB + `]}]
  probe:
    interval: 500ms
    timeout: 3s
    failureThreshold: 2
    successThreshold: 2
    postgres: {role: replica, credentialsSecretRef: {name: prober}}
`
