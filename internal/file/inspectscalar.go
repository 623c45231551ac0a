package file

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// What a field takes, in a person's words.
const (
	wantMapping  = "a mapping"
	wantList     = "a list"
	wantString   = "a string"
	wantNumber   = "a whole number"
	wantBool     = "true or false"
	wantPort     = "a port number or a port name"
	wantDuration = "a duration such as 5s or 1m30s"
	wantTime     = "a time such as 2025-07-28T12:00:00Z"
	wantBase64   = "text in base64"
	wantAnything = ""
)

// specialType names what a type takes that reads its own JSON.
func specialType(t reflect.Type) (string, bool) {
	switch t {
	case reflect.TypeFor[intstr.IntOrString]():
		return wantPort, true
	case reflect.TypeFor[metav1.Duration]():
		return wantDuration, true
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime]():
		return wantTime, true
	case reflect.TypeFor[[]byte]():
		return wantBase64, true
	case reflect.TypeFor[metav1.FieldsV1]():
		return wantAnything, true
	default:
		return "", false
	}
}

func (in *inspector) special(n *yaml.Node, want, path string, line int) {
	ok := n.Kind == yaml.ScalarNode
	switch want {
	case wantAnything:
		return
	case wantPort:
		ok = ok && (isString(n) || fits(n, math.MinInt32, math.MaxInt32))
	case wantDuration:
		_, err := time.ParseDuration(n.Value)
		ok = ok && isString(n) && err == nil
	case wantBase64:
		_, err := base64.StdEncoding.DecodeString(n.Value)
		ok = ok && isString(n) && err == nil
	case wantTime:
		_, err := time.Parse(time.RFC3339, n.Value)
		ok = ok && isString(n) && err == nil
	}
	if !ok {
		in.wrong(n, want, path, line)
	}
}

func (in *inspector) scalar(n *yaml.Node, t reflect.Type, path string, line int) {
	want, ok := wantAnything, true
	switch t.Kind() {
	case reflect.String:
		want, ok = wantString, isString(n)
	case reflect.Bool:
		_, old := oldBool(n)
		want, ok = wantBool, n.Kind == yaml.ScalarNode && (n.ShortTag() == "!!bool" || old)
	case reflect.Int32:
		want, ok = wantNumber, fits(n, math.MinInt32, math.MaxInt32)
	case reflect.Int64:
		want, ok = wantNumber, fits(n, math.MinInt64, math.MaxInt64)
	}
	if !ok {
		in.wrong(n, want, path, line)
	}
}

func isString(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode {
		return false
	}
	if _, old := oldBool(n); old {
		return false
	}
	switch n.ShortTag() {
	case "!!bool", "!!int", "!!float", "!!null":
		return false
	default:
		return true
	}
}

func fits(n *yaml.Node, low, high int64) bool {
	var v int64
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!int" && n.Decode(&v) == nil && v >= low && v <= high
}

// category says what kind of value a node has.
func category(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isString(n):
		return "a string"
	case n.ShortTag() == "!!int" || n.ShortTag() == "!!float":
		return "a number"
	default:
		return "a boolean"
	}
}

// describe says what a node is.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode, n.Kind == yaml.SequenceNode:
		return category(n)
	case isString(n):
		return "the string " + strconv.Quote(cut(n.Value))
	case n.ShortTag() == "!!int" || n.ShortTag() == "!!float":
		return "the number " + n.Value
	default:
		return "the boolean " + n.Value
	}
}

func cut(s string) string {
	if len(s) <= 40 {
		return s
	}
	return strings.ToValidUTF8(s[:40], "") + "..."
}

// fieldsOf lists the JSON fields of a struct type, those of embedded structs
// included.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name != "":
			fields[name] = f.Type
		case f.Anonymous:
			for n, ft := range fieldsOf(f.Type) {
				fields[n] = ft
			}
		}
	}
	return fields
}
