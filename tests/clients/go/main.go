// The ordinary Go client at work on a Kubernetes API: each check prints one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Longer than any check needs, so that one that hangs says so.
const patience = 60 * time.Second

// Clients of one namespace that is empty at first.
type clients struct {
	config    *rest.Config
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	namespace string
}

type result struct {
	Check string `json:"check"`
	Error string `json:"error"`
}

var checks = map[string]func(context.Context, clients) error{
	"a list comes in pages":                     pages,
	"an informer sees every change":             informer,
	"a second manager meets a conflict":         conflict,
	"an eviction respects the budget":           eviction,
	"a custom resource is read and written":     custom,
	"what is served is discovered":              discovery,
	"schemas are found by group and version":    schemas,
	"bodies may be protobuf":                    protobuf,
	"an unknown field is refused or warned of":  validation,
	"a watch goes on where another one stopped": watching,
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "whom to ask")
	namespace := flag.String("namespace", "", "where to write")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		panic(err)
	}
	// A check waits for answers, not for its turn.
	config.QPS, config.Burst = 200, 200
	at := clients{
		config:    config,
		typed:     kubernetes.NewForConfigOrDie(config),
		dynamic:   dynamic.NewForConfigOrDie(config),
		namespace: *namespace,
	}
	out := json.NewEncoder(os.Stdout)
	for name, check := range checks {
		if err := out.Encode(result{name, run(check, at)}); err != nil {
			panic(err)
		}
	}
}

func run(check func(context.Context, clients) error, at clients) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := check(ctx, at); err != nil {
		return err.Error()
	}
	return ""
}
