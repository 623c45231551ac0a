package kube

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// ClientConfig says where the API server is: as the kubeconfig file says, or
// where that is empty as $KUBECONFIG, ~/.kube/config and at last the Pod's own
// service account do; of several contexts the one that is named, or the current one.
// The namespace is the Pod's, or that of the context.
func ClientConfig(kubeconfig, context string) (config *rest.Config, namespace string, err error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: context})
	if config, err = loader.ClientConfig(); err != nil {
		return nil, "", fmt.Errorf("find the API server (name a kubeconfig file with --kubeconfig, or run in a Pod): %w", err)
	}
	if namespace, _, err = loader.Namespace(); err != nil {
		return nil, "", fmt.Errorf("find this process's namespace (name it with --leader-election-namespace): %w", err)
	}
	return config, namespace, nil
}

// NoCluster reports whether an error of [ClientConfig] says that nothing names an API
// server, rather than that what does is wrong.
func NoCluster(err error) bool { return clientcmd.IsEmptyConfig(errors.Unwrap(err)) }

// Metrics are those of the work queues, the leader election and the requests to
// the API server, and of the Go process.
func Metrics() prometheus.Gatherer { return metrics.Registry }
