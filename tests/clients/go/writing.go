package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	apply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const shortWait = 100 * time.Millisecond

func conflict(ctx context.Context, at clients) error {
	maps := at.typed.CoreV1().ConfigMaps(at.namespace)
	told := func(value string) *apply.ConfigMapApplyConfiguration {
		return apply.ConfigMap("applied", at.namespace).WithData(map[string]string{"value": value})
	}
	if _, err := maps.Apply(ctx, told("1"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	_, err := maps.Apply(ctx, told("2"), metav1.ApplyOptions{FieldManager: "two"})
	if !errors.IsConflict(err) || !errors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict) {
		return fmt.Errorf("no conflict, but %v", err)
	}
	forced := metav1.ApplyOptions{FieldManager: "two", Force: true}
	after, err := maps.Apply(ctx, told("2"), forced)
	if err != nil {
		return err
	}
	if after.Data["value"] != "2" {
		return fmt.Errorf("the value is %q", after.Data["value"])
	}
	return nil
}

func eviction(ctx context.Context, at clients) error {
	pods, budgets := at.typed.CoreV1().Pods(at.namespace), at.typed.PolicyV1().PodDisruptionBudgets(at.namespace)
	labels := map[string]string{"check": "evicted"}
	pod, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "evicted", Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:1"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	// A pod that does not run yet may always go.
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	if _, err := pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		return err
	}
	one := intstr.FromInt32(1)
	budget, err := budgets.Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "evicted"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: &one, Selector: &metav1.LabelSelector{MatchLabels: labels},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	evict := func() error {
		return pods.EvictV1(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "evicted"}})
	}
	// As the disruption controller would, which does not run here.
	allow := func(disruptions int32) error {
		budget.Status = policyv1.PodDisruptionBudgetStatus{
			ObservedGeneration: budget.Generation, DisruptionsAllowed: disruptions,
			CurrentHealthy: 1 + disruptions, DesiredHealthy: 1, ExpectedPods: 1 + disruptions,
		}
		budget, err = budgets.UpdateStatus(ctx, budget, metav1.UpdateOptions{})
		return err
	}
	if err := allow(0); err != nil {
		return err
	}
	if err := evict(); !errors.IsTooManyRequests(err) {
		return fmt.Errorf("not refused, but %v", err)
	}
	if err := allow(1); err != nil {
		return err
	}
	if err := evict(); err != nil {
		return err
	}
	if _, err := pods.Get(ctx, "evicted", metav1.GetOptions{}); !errors.IsNotFound(err) {
		return fmt.Errorf("it is still there: %v", err)
	}
	return nil
}

func custom(ctx context.Context, at clients) error {
	definitions := at.dynamic.Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	})
	// A server is tried more than once.
	_, err := definitions.Create(ctx, gadgets(), metav1.CreateOptions{})
	if err != nil && !errors.IsAlreadyExists(err) {
		return err
	}
	resource := at.dynamic.Resource(schema.GroupVersionResource{
		Group: "checks.example.com", Version: "v1", Resource: "gadgets",
	}).Namespace(at.namespace)
	served := func(ctx context.Context) (bool, error) {
		_, err := resource.List(ctx, metav1.ListOptions{})
		return err == nil, nil
	}
	if err := wait.PollUntilContextCancel(ctx, shortWait, true, served); err != nil {
		return err
	}
	told := gadget("one")
	if _, err := resource.Create(ctx, told, metav1.CreateOptions{}); err != nil {
		return err
	}
	patch := []byte(`{"spec":{"size":2}}`)
	after, err := resource.Patch(ctx, "one", types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	size, _, _ := unstructured.NestedInt64(after.Object, "spec", "size")
	if size != 2 || after.GetGeneration() != 2 {
		return fmt.Errorf("size %d in generation %d", size, after.GetGeneration())
	}
	return resource.Delete(ctx, "one", metav1.DeleteOptions{})
}

func gadget(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "checks.example.com/v1",
		"kind":       "Gadget",
		"metadata":   map[string]any{"name": name},
		"spec":       map[string]any{"size": int64(1)},
	}}
}

func gadgets() *unstructured.Unstructured {
	size := map[string]any{"type": "integer", "description": "How large it is."}
	spec := map[string]any{"type": "object", "properties": map[string]any{"size": size}}
	whole := map[string]any{"type": "object", "properties": map[string]any{"spec": spec}}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "gadgets.checks.example.com"},
		"spec": map[string]any{
			"group": "checks.example.com",
			"scope": "Namespaced",
			"names": map[string]any{"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": whole},
			}},
		},
	}}
}

func protobuf(ctx context.Context, at clients) error {
	config := rest.CopyConfig(at.config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	maps := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps(at.namespace)
	if _, err := maps.Create(ctx, configMap("compact", "1"), metav1.CreateOptions{}); err != nil {
		return err
	}
	one, err := maps.Get(ctx, "compact", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if one.Data["value"] != "1" {
		return fmt.Errorf("the value is %q", one.Data["value"])
	}
	return nil
}

type warnings struct {
	mutex sync.Mutex
	texts []string
}

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.texts = append(w.texts, text)
}

func validation(ctx context.Context, at clients) error {
	heard := &warnings{}
	config := rest.CopyConfig(at.config)
	config.WarningHandler = heard
	maps := dynamic.NewForConfigOrDie(config).Resource(
		schema.GroupVersionResource{Version: "v1", Resource: "configmaps"},
	).Namespace(at.namespace)
	told := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata":   map[string]any{"name": "misspelt"},
		"dota":       map[string]any{"value": "1"},
	}}
	_, err := maps.Create(ctx, told, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if !errors.IsBadRequest(err) || !strings.Contains(err.Error(), `unknown field "dota"`) {
		return fmt.Errorf("not refused, but %v", err)
	}
	after, err := maps.Create(ctx, told, metav1.CreateOptions{FieldValidation: metav1.FieldValidationWarn})
	if err != nil {
		return err
	}
	if _, kept := after.Object["dota"]; kept || strings.Join(heard.texts, ";") != `unknown field "dota"` {
		return fmt.Errorf("kept: %v, warned of %v", kept, heard.texts)
	}
	return nil
}
