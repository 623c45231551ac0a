// Package world is the world outside the cluster that docs/walkthrough.md
// tells of: databases with rows in them and HTTP APIs on hosts of their own, and
// the DNS names that some of them have. It makes the images that the
// walkthrough's Pods run, too. Its commands change the world as its owners
// would, while programs in the cluster look on.
//
// It knows the examples and nothing of what Fairlead does.
package world
