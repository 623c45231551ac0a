// Package layout holds the tests of the repository's own shape: who may import
// whom, what every package says of itself, how large files may grow.
//
// It has no code of its own and tests no behaviour.
package layout
