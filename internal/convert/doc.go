// Package convert turns the objects that people write (Service, Endpoints,
// EndpointSlice, Namespace, ExternalService) into model nouns, and does all
// validation, once.
//
// Everything goes in at once and everything comes out: services, namespaces,
// and what is wrong, each problem with its object and its field. One bad
// object never takes another one with it.
//
// It is pure. It reads no files, knows no YAML and no line numbers (package
// file adds those), and assigns no addresses (package vip does). It does not
// change the objects that it is given.
package convert
