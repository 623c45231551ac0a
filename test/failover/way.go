//go:build linux

package failover

// Way is how clients are led to the primary. Its Service is named db.
type Way struct {
	Name string
	// Manifests are what is applied first.
	Manifests string
	// Move is the kubectl command by which a person leads clients to B. Empty where
	// that is no person's work.
	Move []string
	// DNS is the port of the CoreDNS that is asked for each connection; 0 for
	// clients that connect to the ClusterIP.
	DNS uint16
}

const sliceManifests = `
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {ports: [{name: postgres, port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{name: postgres, port: 5432}]
endpoints: [{addresses: ["` + addrA + `"]}]
`

const nameManifests = `
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {type: ExternalName, externalName: ` + NameA + `}
`

// Slice is a Service without a selector, whose EndpointSlice a person edits.
func Slice() Way {
	return Way{
		Name:      "edited EndpointSlice",
		Manifests: sliceManifests,
		Move:      []string{"patch", "endpointslice", "db-1", "--type=merge", "-p", `{"endpoints": [{"addresses": ["` + addrB + `"]}]}`},
	}
}

// Name is an ExternalName that a person patches. Clients ask a CoreDNS without
// a cache for the cluster's names.
func Name() Way {
	return Way{
		Name:      "patched ExternalName",
		Manifests: nameManifests,
		Move:      []string{"patch", "service", "db", "--type=merge", "-p", `{"spec": {"externalName": "` + NameB + `"}}`},
		DNS:       53,
	}
}

// CachedName is Name with CoreDNS' cache, as kubeadm has set it up for long.
func CachedName() Way {
	w := Name()
	w.Name += " with cache 30"
	w.DNS = cachedDNS
	return w
}

// ByHand are the ways that need a person.
func ByHand() []Way { return []Way{Slice(), Name(), CachedName()} }
