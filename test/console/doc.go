// Package console executes documents: what a page shows between "```console"
// and "```" is typed into a shell, and what the shell prints must be what the
// page says. So an example cannot grow old unnoticed.
//
// It knows nothing of the product, and gives a document no other environment
// than the shell it is handed.
package console
