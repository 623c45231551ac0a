// Package install holds the tests of what people install: the image, the chart and
// install.yaml, on a node that runs Pods.
//
// It has no code of its own, and tests nothing of what the controller decides.
package install
