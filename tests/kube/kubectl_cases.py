"""What people ask of kubectl: commands that look, and pieces of work of several commands."""

import json
from typing import Any

from tests.kube.manifests import config, deployment, pod, service, thing

Json = dict[str, Any]

_KINDS = (
    "pods", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs",
    "services", "endpointslices", "ingresses", "networkpolicies", "configmaps", "secrets",
    "serviceaccounts", "pdb", "hpa", "quota", "limits", "pvc", "roles", "rolebindings",
)  # fmt: skip
_CLUSTER = (
    "node/side-node", "pv/side-volume", "sc/side-class", "ns/NAMESPACE",
    "crd/sprockets.side.example.com",
)  # fmt: skip

LOOKING = (
    *(f"get {kind}" for kind in (*_KINDS, *_CLUSTER)),
    *(f"get {kind} -o wide" for kind in (*_KINDS, *_CLUSTER)),
    *(f"get {kind} -o yaml" for kind in (*_KINDS, *_CLUSTER)),
    *(f"describe {kind}" for kind in (*_KINDS, *_CLUSTER)),
    "get all",
    "get all -o name",
    "get cm,secret,svc --show-kind",
    "get pods,deploy/web",
    "get pods -l app=web",
    "get pods -l 'app in (web,waiting),pod-template-hash'",
    "get pods -l '!pod-template-hash'",
    "get pods --show-labels",
    "get pods -L app",
    "get pods --no-headers",
    "get pods --field-selector status.phase=Running",
    "get pods --field-selector spec.nodeName!=side-node",
    "get pods --field-selector spec.colour=blue",
    "get pods --sort-by .metadata.name",
    "get pods --sort-by .status.containerStatuses[0].restartCount",
    "get pods -o jsonpath={.items[*].metadata.name}",
    "get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName",
    "get pods -o go-template='{{range .items}}{{.metadata.name}}{{end}}'",
    "get deploy web -o jsonpath={.spec.strategy}",
    "get deploy web -o yaml --show-managed-fields",
    "get pods -A --field-selector metadata.namespace=NAMESPACE",
    "get secret password -o jsonpath={.data.user}",
    "get cm nothing",
    "get cm settings nothing",
    "get cm --field-selector metadata.name=settings",
    "get nonsense",
    "get nonsense/one",
    "get deploy.v1.apps/web",
    "get deploy.v9.apps/web",
    "get pods -l 'app in web'",
    "get --raw /api/v1/namespaces/NAMESPACE/configmaps/nothing",
    "get --raw /nothing",
    "get pods --chunk-size=1",
    "get events",
    "describe cm nothing",
    "api-resources --api-group=apps",
    "api-resources --api-group=batch -o wide",
    "api-resources --api-group=autoscaling -o wide",
    "api-resources --api-group=policy -o wide",
    "api-resources --api-group=networking.k8s.io -o wide",
    "api-resources --api-group=side.example.com -o wide",
    "api-resources --api-group=rbac.authorization.k8s.io -o wide",
    "explain sprocket",
    "explain sprocket --recursive",
    "explain sprocket.kind",
    "explain sprocket.metadata",
    "explain sprocket.metadata.managedFields",
    "explain sprocket.metadata.ownerReferences.uid",
    "explain sprocket.spec.size",
    *(
        f"explain rotor{field}"
        for field in (
            "",
            " --recursive",
            ".spec",
            ".spec.parts",
            ".spec.parts.weights",
            ".spec.mode",
            ".spec.port",
            ".spec.free",
            ".spec.labels",
            ".spec.limits",
            ".spec.template",
            ".spec.template.metadata",
            ".spec.any",
            ".status",
        )
    ),
    # Not "explain deploy.spec": fields that refer to a type have the words of that type here.
    "explain sprocket.spec",
    "explain sprocket.spec.nothing",
    "explain nothing",
    "auth can-i get pods",
    "auth can-i get pods --as bob",
    "auth can-i delete pods --as bob",
    "auth can-i get pods/log --as bob",
    "auth can-i get pods --subresource=log --as bob",
    "auth can-i get nodes --as bob",
    "auth can-i '*' '*'",
    "auth can-i get nonsense",
    "auth can-i get /metrics --as bob",
    "auth can-i --list --as bob",
    "auth whoami --as bob",
    "get pods --as bob",
    "get cm --as bob",
    "get cm settings --as bob",
    "get nodes --as bob",
    "delete pod waiting --as bob",
    "describe deploy web --as bob",
    "create cm more --as bob",
    "rollout history deploy/web",
    "rollout history deploy/web --revision=1",
    "rollout history deploy/web --revision=7",
    "rollout status deploy/web --timeout=1s",
    "rollout status deploy/nothing --timeout=1s",
    "diff -f settings.json",
    "diff -f new.json",
    "logs waiting",
    "logs nothing",
    "wait pod/web-2-a --for=condition=Ready --timeout=5s",
    "wait pod/waiting --for=condition=Ready --timeout=1s",
    "wait deploy/web --for=jsonpath={.spec.replicas}=2 --timeout=5s",
)

_invalid = deployment("wrong")
_invalid["spec"]["selector"]["matchLabels"] = {"app": "other"}
_unknown = deployment("unknown", replicass=3)

MANIFESTS: dict[str, Json] = {
    "settings": config("settings", {"tier": "back"}, colour="red", size="10"),
    "new": config("new", a="1"),
    "new-2": config("new", a="2"),
    "applied": deployment("applied"),
    "applied-2": deployment("applied", replicas=3, minReadySeconds=5),
    "server-side": config("shared", a="1", b="1"),
    "server-side-2": config("shared", a="2"),
    "invalid": _invalid,
    "unknown": _unknown,
    "wrong-kind": thing("Nonsense", "x"),
    "wrong-version": thing("Deployment", "x", api="apps/v1beta1"),
    "two-things": {
        "apiVersion": "v1", "kind": "List", "items": [config("first", a="1"), service("second")],
    },
    "generated": {
        **config("x"), "metadata": {"generateName": "generated-"},
    },
    "lone": pod("lone", {"app": "lone"}),
    "too-many": pod("big", containers=[{
        "name": "app", "image": "shop/app:1", "resources": {"requests": {"cpu": "9"}, "limits": {"cpu": "9"}},
    }]),
    "sprocket": thing("Sprocket", "one", api="side.example.com/v1", spec={"size": 3, "note": "small"}),
    "sprocket-2": thing("Sprocket", "one", api="side.example.com/v1", spec={"size": 4, "note": "small"}),
    "sprocket-wrong": thing("Sprocket", "two", api="side.example.com/v1", spec={"size": "big"}),
    "sprocket-unknown": thing("Sprocket", "three", api="side.example.com/v1", spec={"sizes": 1}),
}  # fmt: skip


def _template(**spec: Any) -> Json:
    return {"spec": {"template": {"spec": spec}}}


def _container(**fields: Any) -> Json:
    return _template(containers=[{"name": "app", **fields}])


# Patches of a Deployment with a value that cannot stand where it stands.
MISTYPED: dict[str, Json] = {
    "text for number": {"spec": {"replicas": "x"}},
    "flag for number": {"spec": {"replicas": True}},
    "fraction for number": {"spec": {"replicas": 1.5}},
    "list for number": {"spec": {"replicas": [1]}},
    "object for number": {"spec": {"replicas": {"a": 1}}},
    "whole fraction": {"spec": {"replicas": 2.0}},
    "number for flag": {"spec": {"paused": 1}},
    "text for flag": {"spec": {"paused": "yes"}},
    "odd values for flag": {"spec": {"paused": [None, {}, [], "", 1.5e30]}},
    "two of them": {"spec": {"paused": "y", "replicas": "x"}},
    "text for object": {"spec": "x"},
    "number for object": {"spec": 5},
    "fraction for object": {"spec": 1.5},
    "flag for object": {"spec": True},
    "list for object": {"spec": [1]},
    "text for metadata": {"metadata": "x"},
    "text for selector": {"spec": {"selector": "x"}},
    "number for label": {"metadata": {"labels": {"b": 5, "z": 'e <b> "q"'}}},
    "list for labels": {"metadata": {"labels": ["a"]}},
    "number for apiVersion": {"apiVersion": 5},
    "text for containers": _template(containers="x"),
    "object for containers": _template(containers={"name": "app"}),
    "number for containers": _template(containers=5),
    "numbers as containers": _template(containers=[5]),
    "container without name": _template(containers=[{"image": "x"}]),
    "number for name": _template(containers=[{"name": 5, "image": "a"}]),
    "number for image": _container(image=5),
    "fraction for image": _container(image=1.5),
    "number for policy": _container(imagePullPolicy=5),
    "text for port": _container(ports=[{"containerPort": "x"}]),
    "number for env": _container(env=[{"name": "A", "value": 5}]),
    "text for args": _container(args="x"),
    "number in args": _container(args=[1]),
    "text for seconds": _container(livenessProbe={"initialDelaySeconds": "5"}),
    "flag for quantity": _container(resources={"limits": {"cpu": True}}),
    "word for quantity": _container(resources={"limits": {"cpu": "abc"}}),
    "list for quantity": _container(resources={"limits": {"cpu": [1]}}),
    "text for long": _template(terminationGracePeriodSeconds="x"),
    "text for user": _template(securityContext={"runAsUser": "root"}),
    "flag for selector": _template(nodeSelector={"a": True}),
    "object for list": _template(tolerations={"a": "b"}),
    "flag for size": _template(volumes=[{"name": "a", "emptyDir": {"sizeLimit": True}}]),
    "flag for surge": {"spec": {"strategy": {"rollingUpdate": {"maxSurge": True}}}},
    "object for surge": {"spec": {"strategy": {"rollingUpdate": {"maxSurge": {"a": 1}}}}},
    "word for time": {"spec": {"template": {"metadata": {"creationTimestamp": "x"}}}},
    "wrong directive": {"spec": {"$patch": "what"}},
    "wrong directive in a list": _template(containers=[{"$patch": "what", "name": "x"}]),
}
# Of these a merge patch says something else than the type: the list is another one then.
_NOT_MERGED = frozenset(
    {"wrong directive", "wrong directive in a list", "container without name", "whole fraction"}
)
MISTYPED_PATCHES = {
    f"{name}, {kind}": f"patch deploy web --dry-run=server --type {kind} -p '{json.dumps(told)}'"
    for name, told in MISTYPED.items()
    for kind in ("strategic", "merge")
    if kind == "strategic" or name not in _NOT_MERGED
}

WORKING: dict[str, tuple[str, ...]] = {
    "create": (
        "create -f new.json", "create -f new.json", "apply -f new-2.json", "get cm new -o yaml",
        "replace -f new.json", "get cm new -o yaml", "delete -f new.json", "delete -f new.json",
        "delete cm new --ignore-not-found", "replace -f new.json",
    ),
    "create by words": (
        "create cm words --from-literal=a=1", "create secret generic words --from-literal=a=1",
        "create deploy words --image=shop/app:1 --replicas=2", "get deploy words -o yaml",
        "create svc clusterip words --tcp=80", "get svc words -o yaml",
        "create job words --image=shop/app:1", "get job words -o yaml",
        "create cronjob words --image=shop/app:1 --schedule='0 0 * * *'", "get cj words -o yaml",
        "create role words --verb=get --resource=pods", "create rolebinding words --role=words --user=eve",
        "create quota words --hard=pods=3", "create ingress words --rule=a.b/c=words:80",
        "create pdb words --selector=app=words --min-available=1", "create sa words",
        "autoscale deploy words --min=1 --max=3 --cpu-percent=80", "get hpa words -o yaml",
        "expose deploy words --port=80 --name=words-2", "get svc words-2 -o yaml",
        "run words --image=shop/app:1", "get pod words -o yaml",
        "create ns NAMESPACE", "create priorityclass side --value=5 --dry-run=server",
        "delete deploy,svc,job,cj,hpa,pdb,ingress,pod,quota words",
    ),
    "generated names": ("create -f generated.json",),
    "apply": (
        "apply -f applied.json", "apply -f applied.json", "get deploy applied -o yaml",
        "diff -f applied-2.json", "apply -f applied-2.json --dry-run=server", "apply -f applied-2.json",
        "get deploy applied -o yaml --show-managed-fields", "apply view-last-applied deploy/applied",
        "delete deploy applied",
    ),
    "apply server-side": (
        "apply --server-side -f server-side.json --field-manager=one", "apply --server-side -f server-side-2.json --field-manager=two",
        "apply --server-side -f server-side-2.json --field-manager=two --force-conflicts",
        "get cm shared -o yaml --show-managed-fields", "apply --server-side -f applied.json",
        "get deploy applied -o yaml --show-managed-fields", "scale deploy applied --replicas=5",
        "apply --server-side -f applied-2.json", "delete deploy applied",
    ),
    "apply refused": (
        "apply -f invalid.json", "apply -f unknown.json", "apply -f unknown.json --validate=warn",
        "apply -f wrong-kind.json", "apply -f wrong-version.json", "apply --server-side -f invalid.json",
        "apply --server-side -f unknown.json", "apply -f nothing.json", "apply -f new.json --as bob",
        "create -f too-many.json", "delete deploy unknown",
    ),
    "many": ("apply -f two-things.json", "get -f two-things.json", "delete -f two-things.json"),
    "patch": (
        "patch cm settings -p '{\"data\":{\"size\":\"11\"}}'",
        "patch cm settings --type merge -p '{\"data\":{\"more\":\"1\"}}'",
        "patch cm settings --type json -p '[{\"op\":\"remove\",\"path\":\"/data/more\"}]'",
        "patch cm settings --type json -p '[{\"op\":\"remove\",\"path\":\"/data/none\"}]'",
        "patch cm settings --type json -p '[{\"op\":\"test\",\"path\":\"/data/size\",\"value\":\"9\"}]'",
        "patch cm settings --type merge -p '{\"data\":{\"size\":11}}'",
        "patch cm settings -p '{\"data\":{\"size\":\"11\"}}'",
        "patch cm settings -p 'nonsense'",
        "patch cm nothing -p '{}'",
        "patch deploy web -p '{\"spec\":{\"replicas\":-1}}'",
        "patch deploy web --type merge -p '{\"spec\":{\"replicas\":\"two\"}}'",
        "patch deploy web -p '{\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}}}}'",
        "patch deploy web --subresource=scale --type merge -p '{\"spec\":{\"replicas\":3}}'",
        "patch sprocket one -p '{}'",
        "get cm settings -o yaml",
    ),
    "labels": (
        "label cm extra tier=side", "label cm extra tier=side --overwrite", "label cm extra tier=side",
        "label cm extra tier-", "label cm extra nothing-", "label cm extra 'wrong=-x-'", "label cm extra 'a b=c'",
        "annotate cm extra note=one", "annotate cm extra note=two", "annotate cm extra note=two --overwrite",
        "annotate cm extra note-", "label cm --all fresh=yes", "get cm extra -o yaml", "label cm extra --list",
        "label cm nothing a=b", "label --overwrite node side-node zone=c", "taint node side-node a=b:NoSchedule",
        "taint node side-node a=b:NoSchedule", "taint node side-node a-", "cordon side-node", "cordon side-node", "get node side-node",
        "uncordon side-node",
    ),
    "scale": (
        "scale deploy web --replicas=4", "scale deploy web --current-replicas=1 --replicas=2",
        "scale deploy nothing --replicas=1", "scale cm settings --replicas=1", "scale rs web-1 --replicas=1", "scale sts statefulset --replicas=2",
        "get deploy web -o jsonpath={.spec.replicas}", "scale deploy web --replicas=2",
    ),
    "set": (
        "set image deploy/web app=shop/app:2", "set image deploy/web app=shop/app:2", "set image deploy/web none=shop/app:2",
        "set image deploy/nothing app=a", "set env deploy/web A=1", "set env deploy/web --list", "set env deploy/web A-",
        "set resources deploy/web --limits=cpu=1,memory=1Gi", "set resources deploy/web --requests=cpu=2",
        "set serviceaccount deploy/web robot", "set selector svc web app=other", "get deploy web -o yaml", "get svc web -o yaml",
    ),
    "rollout": (
        "rollout undo deploy/web --dry-run=server", "rollout undo deploy/web --to-revision=9", "rollout undo deploy/web --to-revision=1", "rollout undo deploy/web --to-revision=1",
        "get deploy web -o jsonpath={.spec.template.spec.containers[0].image}", "rollout pause deploy/web",
        "rollout pause deploy/web", "rollout undo deploy/web", "rollout resume deploy/web", "rollout resume deploy/web", "rollout restart deploy/web",
        "rollout restart deploy/nothing", "rollout restart cm/settings", "rollout status deploy/web --timeout=1s",
        "rollout history sts/statefulset", "rollout status sts/statefulset --timeout=1s", "rollout restart ds/daemonset",
    ),
    "delete": (
        "apply -f lone.json", "get pod lone -o yaml", "delete pod lone --dry-run=server", "delete pod lone --timeout=2s", "delete pod lone --timeout=2s",
        "delete cm first second", "delete cm -l none=none", "delete pods --field-selector metadata.name=none",
        "delete nonsense one", "delete ns default", "drain side-node --dry-run=server --timeout=2s", "drain side-node --timeout=2s",
        "drain side-node --ignore-daemonsets --force --disable-eviction --dry-run=client",
    ),
    "custom": (
        "apply -f sprocket.json", "get sprockets", "get gd -o wide", "get sprocket one -o yaml", "apply -f sprocket-2.json", "apply -f sprocket-wrong.json",
        "apply -f sprocket-unknown.json", "apply -f sprocket-unknown.json --validate=false", "patch sprocket one --type merge -p '{\"spec\":{\"size\":5}}'",
        "patch sprocket one -p '{\"spec\":{\"size\":5}}'", "describe sprocket one", "label sprocket one a=b", "scale sprocket one --replicas=1",
        "delete sprocket one", "get sprockets",
    ),
}  # fmt: skip
