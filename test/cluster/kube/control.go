package main

import (
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the client metrics that the real commands have
	_ "k8s.io/component-base/metrics/prometheus/version"  // the version metric that the real commands have
	kubeapiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kubecontrollermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// etcd never returns while it serves; etcdmain ends the process itself when
// it fails.
func etcd(args []string) int {
	etcdmain.Main(args)
	return 0
}

func apiserver([]string) int {
	return cli.Run(kubeapiserver.NewAPIServerCommand())
}

func controllerManager([]string) int {
	return cli.Run(kubecontrollermanager.NewControllerManagerCommand())
}
