// Package walkthrough executes docs/walkthrough.md, every command of it in the
// page's order, against a cluster that the page itself starts and ends. It
// judges by what is printed, and knows nothing of how that comes about.
package walkthrough
