// Package file reads the manifests that people keep on disk, watches them, and
// says what they ask for.
//
// A [Loader] takes the paths, has package convert judge what stands in the
// files, and has package vip assign the virtual IPs. What it returns is a whole
// desired state. A broken edit changes nothing: the file's last good version
// stays until the file is right again.
//
// It serves nothing, logs no problem of a manifest (it returns them) and knows
// no cluster.
package file
