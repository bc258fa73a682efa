// Command fieldfacts prints, for every struct of the built-in Kubernetes API, the fields whose zero value is not simply left
// out when the server stores an object. It reads the Go types themselves by reflection.
//
// A line is the published name of a type, a tab, and words of the form X:field,field… where X is
//
//	p  a pointer: the zero value is kept as written, null is left out
//	e  no omitempty: the zero value is always written, also where the field was absent
//	n  a list or map without omitempty: empty, null and absent are all stored as null
//	s  a struct by value: absent and null are stored as {}
//
// Every field that is not named is left out of the stored object when it is zero or empty.
package main

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type modelNamer interface{ OpenAPIModelName() string }

var seen = map[reflect.Type]bool{}
var lines []string

// hasOwnForm lists types that marshal themselves: they are scalars on the wire.
var hasOwnForm = map[string]bool{
	"io.k8s.apimachinery.pkg.api.resource.Quantity":                 true,
	"io.k8s.apimachinery.pkg.apis.meta.v1.Time":                     true,
	"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime":                true,
	"io.k8s.apimachinery.pkg.apis.meta.v1.Duration":                 true,
	"io.k8s.apimachinery.pkg.util.intstr.IntOrString":               true,
	"io.k8s.apimachinery.pkg.runtime.RawExtension":                  true,
	"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1":                 true,
	"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": true,
}

func name(t reflect.Type) string {
	if n, ok := reflect.New(t).Elem().Interface().(modelNamer); ok {
		return n.OpenAPIModelName()
	}
	return ""
}

func visit(t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	n := name(t)
	if n == "" || hasOwnForm[n] {
		return
	}
	facts := map[byte][]string{}
	collect(t, facts)
	var words []string
	for _, k := range []byte("pens") {
		if len(facts[k]) > 0 {
			sort.Strings(facts[k])
			words = append(words, string(k)+":"+strings.Join(facts[k], ","))
		}
	}
	if len(words) > 0 {
		lines = append(lines, n+"\t"+strings.Join(words, " "))
	}
}

func collect(t reflect.Type, facts map[byte][]string) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		options := strings.Join(tag[1:], ",")
		if f.Anonymous && (tag[0] == "" || strings.Contains(options, "inline")) {
			collect(f.Type, facts)
			visit(f.Type)
			continue
		}
		if tag[0] == "-" || tag[0] == "" {
			continue
		}
		visit(f.Type)
		if k := category(f.Type, strings.Contains(options, "omitempty"), strings.Contains(options, "omitzero")); k != 0 {
			facts[k] = append(facts[k], tag[0])
		}
	}
}

func category(t reflect.Type, omitEmpty, omitZero bool) byte {
	switch t.Kind() {
	case reflect.Pointer:
		return 'p'
	case reflect.Struct:
		if omitZero {
			return 0
		}
		if n := name(t); hasOwnForm[n] {
			return 'e'
		}
		return 's'
	case reflect.Slice, reflect.Map, reflect.Interface:
		if omitEmpty {
			return 0
		}
		return 'n'
	default:
		if omitEmpty {
			return 0
		}
		return 'e'
	}
}

func main() {
	s := scheme.Scheme
	for _, add := range []func(*runtime.Scheme) error{apiextensionsv1.AddToScheme, apiregistrationv1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	for _, t := range s.AllKnownTypes() {
		visit(t)
	}
	sort.Strings(lines)
	for _, l := range lines {
		fmt.Println(l)
	}
}
