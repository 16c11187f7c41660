// Prints how the standard kinds are written as protobuf: numbers, names and types of their fields.
//
//	go run . >../../sandbox/kubernetes_api/protobuf_fields.txt
//
// A line that begins with "=" says which message a kind is. Any other line is a message and its
// fields, each as number, name in JSON and type. Types are s(tring), i(nteger), b(oolean),
// y (bytes), d(ouble) or a message; * is a list of them, % a mapping from strings to them. A name
// of "+" means that the fields of the message stand among those of its owner, and a "!" after the
// type that the field is told though it is empty.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strings"

	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

var (
	stable   = regexp.MustCompile(`^v\d+$`)
	others   = regexp.MustCompile(`(List|Options|WatchEvent|APIGroup|APIVersions|Status)$`)
	packages = regexp.MustCompile(`^k8s\.io/(api/|.*/apis/|.*/pkg/)`)
)

func main() {
	if err := extensions.AddToScheme(scheme.Scheme); err != nil {
		panic(err)
	}
	messages, lines := map[reflect.Type]string{}, []string{}
	for kind, of := range scheme.Scheme.AllKnownTypes() {
		if wanted(kind) {
			lines = append(lines, fmt.Sprintf("= %s %s %s", kind.GroupVersion(), kind.Kind, name(of)))
			describe(of, messages)
		}
	}
	for of, fields := range messages {
		lines = append(lines, strings.TrimSpace(name(of)+" "+fields))
	}
	sort.Strings(lines)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
}

func wanted(kind schema.GroupVersionKind) bool {
	if kind.Kind == "DeleteOptions" {
		return kind.Group == ""
	}
	return stable.MatchString(kind.Version) && !others.MatchString(kind.Kind)
}

func name(of reflect.Type) string {
	return packages.ReplaceAllString(of.PkgPath(), "") + "." + of.Name()
}

// describe notes the fields of a message and of all messages in it.
func describe(of reflect.Type, messages map[reflect.Type]string) {
	if _, known := messages[of]; known {
		return
	}
	messages[of] = ""
	var fields []string
	for number := range of.NumField() {
		field := of.Field(number)
		tag := strings.Split(field.Tag.Get("protobuf"), ",")
		if len(tag) < 2 {
			continue
		}
		label, always := jsonName(field)
		fields = append(fields, strings.Join([]string{tag[1], label, typed(field.Type, messages) + always}, ":"))
	}
	messages[of] = strings.Join(fields, " ")
}

func jsonName(field reflect.StructField) (string, string) {
	tag := strings.Split(field.Tag.Get("json"), ",")
	options := strings.Join(tag[1:], ",")
	switch {
	case strings.Contains(options, "inline"):
		return "+", ""
	case field.Type.Kind() == reflect.Pointer || !strings.Contains(options, "omit"):
		return tag[0], "!"
	default:
		return tag[0], ""
	}
}

func typed(of reflect.Type, messages map[reflect.Type]string) string {
	switch of.Kind() {
	case reflect.Pointer:
		return typed(of.Elem(), messages)
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "i"
	case reflect.Float64:
		return "d"
	case reflect.Struct:
		describe(of, messages)
		return name(of)
	case reflect.Map:
		if of.Elem().Kind() == reflect.Slice && of.Elem().Elem().Kind() == reflect.String {
			return "%strings"
		}
		return "%" + typed(of.Elem(), messages)
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		return "*" + typed(of.Elem(), messages)
	default:
		panic(fmt.Sprintf("%s is of no kind that is known here", of))
	}
}
