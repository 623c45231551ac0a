package main

import (
	"context"

	"k8s.io/component-base/cli"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubescheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func scheduler([]string) int {
	return cli.Run(kubescheduler.NewSchedulerCommand())
}

func node([]string) int {
	return cli.Run(kubelet.NewKubeletCommand(context.Background()))
}

func proxy([]string) int {
	return cli.Run(kubeproxy.NewProxyCommand())
}
