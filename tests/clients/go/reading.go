package main

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	client "k8s.io/client-go/discovery"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
)

func configMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"check": name}},
		Data:       map[string]string{"value": value},
	}
}

func pages(ctx context.Context, at clients) error {
	maps := at.typed.CoreV1().ConfigMaps(at.namespace)
	for number := range 7 {
		one := configMap(fmt.Sprintf("page-%d", number), "")
		one.Labels["pages"] = "yes"
		if _, err := maps.Create(ctx, one, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	var sizes []int
	var names []string
	options := metav1.ListOptions{Limit: 3, LabelSelector: "pages=yes"}
	for {
		page, err := maps.List(ctx, options)
		if err != nil {
			return err
		}
		sizes = append(sizes, len(page.Items))
		for _, one := range page.Items {
			names = append(names, one.Name)
		}
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	slices.Sort(names)
	if !slices.Equal(sizes, []int{3, 3, 1}) || len(slices.Compact(names)) != 7 {
		return fmt.Errorf("pages of %v with %v", sizes, names)
	}
	return nil
}

func informer(ctx context.Context, at clients) error {
	factory := informers.NewSharedInformerFactoryWithOptions(
		at.typed, 0, informers.WithNamespace(at.namespace),
	)
	seen := make(chan string, 100)
	tell := func(what string, about any) {
		if one, ok := about.(*corev1.ConfigMap); ok && one.Labels["check"] == "informed" {
			seen <- what + " " + one.Data["value"]
		}
	}
	shared := factory.Core().V1().ConfigMaps().Informer()
	if _, err := shared.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(one any) { tell("added", one) },
		UpdateFunc: func(_, one any) { tell("updated", one) },
		DeleteFunc: func(one any) { tell("deleted", one) },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), shared.HasSynced) {
		return fmt.Errorf("the cache did not fill")
	}
	maps := at.typed.CoreV1().ConfigMaps(at.namespace)
	one, err := maps.Create(ctx, configMap("informed", "1"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	one.Data["value"] = "2"
	if _, err := maps.Update(ctx, one, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "informed", metav1.DeleteOptions{}); err != nil {
		return err
	}
	for _, expected := range []string{"added 1", "updated 2", "deleted 2"} {
		select {
		case found := <-seen:
			if found != expected {
				return fmt.Errorf("%s instead of %s", found, expected)
			}
		case <-ctx.Done():
			return fmt.Errorf("never %s", expected)
		}
	}
	return nil
}

func watching(ctx context.Context, at clients) error {
	maps := at.typed.CoreV1().ConfigMaps(at.namespace)
	first, err := maps.Create(ctx, configMap("resumed-1", ""), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if _, err := maps.Create(ctx, configMap("resumed-2", ""), metav1.CreateOptions{}); err != nil {
		return err
	}
	// From the first on: only the second is new.
	changes, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: first.ResourceVersion})
	if err != nil {
		return err
	}
	defer changes.Stop()
	select {
	case change := <-changes.ResultChan():
		one, ok := change.Object.(*corev1.ConfigMap)
		if !ok || change.Type != watch.Added || one.Name != "resumed-2" {
			return fmt.Errorf("%s of %v", change.Type, change.Object)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("nothing was told")
	}
}

func discovery(_ context.Context, at clients) error {
	served := at.typed.Discovery()
	preferred, err := client.ServerPreferredResources(served)
	if err != nil {
		return err
	}
	found := client.FilteredBy(
		client.SupportsAllVerbs{Verbs: []string{"list", "watch", "patch"}}, preferred,
	)
	resources, err := client.GroupVersionResources(found)
	if err != nil {
		return err
	}
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	if _, ok := resources[deployments]; !ok {
		return fmt.Errorf("no deployments among %d resources", len(resources))
	}
	groups, err := restmapper.GetAPIGroupResources(served)
	if err != nil {
		return err
	}
	mapper := restmapper.NewShortcutExpander(
		restmapper.NewDiscoveryRESTMapper(groups), served, func(string) {},
	)
	kind, err := mapper.KindFor(schema.GroupVersionResource{Resource: "sts"})
	if err != nil {
		return err
	}
	if kind.Kind != "StatefulSet" {
		return fmt.Errorf("sts is %v", kind)
	}
	return nil
}

func schemas(_ context.Context, at clients) error {
	root := openapi3.NewRoot(at.typed.Discovery().OpenAPIV3())
	document, err := root.GVSpec(schema.GroupVersion{Group: "apps", Version: "v1"})
	if err != nil {
		return err
	}
	for _, one := range document.Components.Schemas {
		kinds, _ := one.Extensions["x-kubernetes-group-version-kind"].([]any)
		for _, kind := range kinds {
			if told, _ := kind.(map[string]any); told["kind"] == "Deployment" {
				if _, ok := one.Properties["spec"]; !ok {
					return fmt.Errorf("a Deployment has no spec")
				}
				return nil
			}
		}
	}
	return fmt.Errorf("no schema of a Deployment among %d", len(document.Components.Schemas))
}
