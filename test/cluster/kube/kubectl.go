package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

// kubectl follows cmd/kubectl/kubectl.go of Kubernetes: verbosity is read
// early so that building the command can already log.
func kubectl(args []string) int {
	if _, err := logs.GlogSetter(cmd.GetLogVerbosity(args)); err != nil {
		return 1
	}
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints as kubectl does, and exits
		return 1
	}
	return 0
}
