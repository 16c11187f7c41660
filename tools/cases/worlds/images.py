"""B. Images that cannot be pulled."""

from evals.clusters.containers import container, limits, port, running, status, waiting
from evals.clusters.events import event, pull_failed, scaled
from evals.clusters.lives import cannot_pull
from evals.clusters.nodes import node, pool
from evals.clusters.objects import account, secret, service, slices
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    daemon_set,
    deadline,
    deployment,
    healthy_deployment,
    is_available,
    not_available,
    progressed,
    replicaset,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth


@case("tag-pushed-nowhere", fault=13)
def missing_tag(world: World) -> None:
    _parcel_rollout(world, "2.19.1-rc.3", works=False)


@case("tag-pushed-in-time", fault=13)
def present_tag(world: World) -> None:
    _parcel_rollout(world, "2.19.0", works=True)


def _parcel_rollout(world: World, tag: str, *, works: bool) -> None:
    world.cluster = "eks-logistics"
    nodes = pool(
        world, "ip-10-3-1-18.ec2.internal", "ip-10-3-2-77.ec2.internal", "ip-10-3-3-4.ec2.internal"
    )
    repo = "481516234299.dkr.ecr.us-east-1.amazonaws.com/parcel-tracker"
    labels = app_labels("parcel-tracker")
    resources = limits("1", "768Mi", request=("200m", "512Mi"))
    old = container("tracker", f"{repo}:2.18.4", ports=[port(8080)], resources=resources)
    new = container("tracker", f"{repo}:{tag}", ports=[port(8080)], resources=resources)
    parent = deployment(
        world, "shipping", "parcel-tracker", Template([new], labels=labels),
        replicas=3, ready=3, updated=3 if works else 1, total=3 if works else 4, revision=8, changed=13,
    )  # fmt: skip
    before = replicaset(
        world,
        parent,
        replicas=0 if works else 3,
        born=days(20),
        revision=7,
        template=Template([old], labels=labels),
    )
    after = replicaset(
        world, parent, replicas=3 if works else 1, ready=3 if works else 0, born=16, revision=8
    )
    name = after["metadata"]["name"]
    scaled(world, parent, name, 0, 1, 16)
    front = service(world, "shipping", "parcel-tracker", dict(labels))
    en = [
        "Why is the parcel-tracker rollout not finishing?",
        "Something is off with the deploy in shipping, what?",
    ]
    zh = ["parcel-tracker 的发布为什么没完成？", "shipping 刚发的版本有问题吗"]
    if works:
        serving = [
            pod(world, after, one, [status(new, running(world.ago(14)))], born=15) for one in nodes
        ]
        scaled(world, parent, before["metadata"]["name"], 3, 0, 13)
        slices(world, front, serving)
        truth(world, en=en, zh=zh, namespace="shipping", roots=[], spare=(parent,))
        return
    parent["status"]["conditions"] = [is_available(world), deadline(world, name, 6)]
    serving = [
        pod(world, before, one, [status(old, running(world.ago(days(20))))], born=days(20))
        for one in nodes
    ]
    one = pod(world, after, nodes[1], [cannot_pull(new)], born=16)
    error = f'rpc error: code = NotFound desc = failed to pull and unpack image "{repo}:{tag}": failed to resolve reference "{repo}:{tag}": {repo}:{tag}: not found'
    pull_failed(world, one, new, error, 16, 1)
    slices(world, front, serving)
    truth(
        world, en=en, zh=zh, namespace="shipping",
        roots=[root("pod.image_pull.not_found", parent)], mention=(tag,), fix=("fix.rollback", parent),
        symptoms_ok=["deploy.progress_deadline", "deploy.unavailable"],
    )  # fmt: skip


@case("private-image-no-credentials", fault=14)
def no_pull_secret(world: World) -> None:
    world.cluster = "hetzner-k3s"
    nodes = [node(world, f"k3s-agent-{n}", version="v1.30.4+k3s1", cpu="4") for n in (1, 2)]
    account(world, "press", "default")
    near = healthy_deployment(world, "press", "cms", "ghost:5.96.0-alpine", nodes[:1])
    spec = container("editor", "ghcr.io/pressroom/editor:0.14.0", ports=[port(3000)])
    template = Template([spec], labels=app_labels("editor"))
    parent = deployment(
        world, "press", "editor", template, ready=0, born=40, revision=1,
        conditions=[not_available(world, 40), deadline(world, "editor-x", 30)],
    )  # fmt: skip
    child = replicaset(world, parent, replicas=1, ready=0, born=40, revision=1)
    one = pod(world, child, nodes[1], [cannot_pull(spec)], born=40)
    error = (
        'failed to pull and unpack image "ghcr.io/pressroom/editor:0.14.0": failed to resolve reference '
        '"ghcr.io/pressroom/editor:0.14.0": failed to authorize: failed to fetch anonymous token: unexpected status from '
        "GET request to https://ghcr.io/token?scope=repository%3Apressroom%2Feditor%3Apull&service=ghcr.io: 401 Unauthorized"
    )
    pull_failed(world, one, spec, error, 40, 2)
    truth(
        world,
        en=[
            "Why can't the editor image be pulled?",
            "editor in press has been ImagePullBackOff for 40 minutes",
        ],
        zh=["editor 的镜像为什么拉不下来？", "press 的编辑器起不来，ImagePullBackOff"],
        namespace="press",
        roots=[root("pod.image_pull.auth", parent)],
        mention=("ghcr.io/pressroom/editor:0.14.0", "401"),
        spare=(near[0],),
        fix="none",
        symptoms_ok=["deploy.unavailable", "deploy.progress_deadline"],
    )


@case("pull-secret-stayed-behind", fault=15)
def pull_secret_missing(world: World) -> None:
    world.cluster = "ocp-like"
    nodes = pool(world, "app-1", "app-2")
    secret(
        world,
        "staging",
        "harbor-pull",
        {".dockerconfigjson": "UkVEQUNURUQ="},
        kind="kubernetes.io/dockerconfigjson",
    )
    spec = container("pricing", "harbor.corp.example/retail/pricing:77", ports=[port(8080)])
    more = (("imagePullSecrets", [{"name": "harbor-pull"}]),)
    parent = deployment(
        world, "retail-eu", "pricing", Template([spec], labels=app_labels("pricing"), more=more), ready=0, born=25, revision=1,
        conditions=[not_available(world, 25)],
    )  # fmt: skip
    child = replicaset(world, parent, replicas=1, ready=0, born=25, revision=1)
    one = pod(world, child, nodes[0], [cannot_pull(spec)], born=25)
    text = "Unable to retrieve some image pull secrets (harbor-pull); attempting to pull the image may not succeed."
    event(
        world, one, "FailedToRetrieveImagePullSecret", text, warn=True, first=25, last=1, count=112
    )
    error = (
        'failed to pull and unpack image "harbor.corp.example/retail/pricing:77": failed to resolve reference '
        '"harbor.corp.example/retail/pricing:77": unexpected status from HEAD request to '
        "https://harbor.corp.example/v2/retail/pricing/manifests/77: 401 Unauthorized"
    )
    pull_failed(world, one, spec, error, 25, 2)
    truth(
        world,
        en=[
            "pricing works in staging but not in retail-eu, why?",
            "Why is the pricing pod in ImagePullBackOff?",
        ],
        zh=["pricing 在 staging 正常，在 retail-eu 为什么起不来？", "pricing 拉镜像失败的原因"],
        namespace="retail-eu",
        roots=[root("pod.image_pull.secret_missing", parent)],
        mention=("harbor-pull",),
        fix="none",
        symptoms_ok=["pod.image_pull.auth", "deploy.unavailable"],
    )


@case("hub-counts-our-pulls", fault=16)
def pull_limit(world: World) -> None:
    world.cluster, world.layout = "lab-kubeadm", "dump"
    nodes = pool(world, "lab-1", "lab-2", "lab-3", version="v1.29.3")
    error = (
        'failed to pull and unpack image "docker.io/library/{image}": failed to copy: httpReadSeeker: failed open: unexpected '
        "status code https://registry-1.docker.io/v2/library/{repo}/manifests/sha256:61b5: 429 Too Many Requests - Server message: "
        "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
    )
    parents = []
    for (space, name, image), where in zip(
        (
            ("blog", "cache", "redis:7.4.1"),
            ("wiki", "front", "httpd:2.4.62"),
            ("chat", "proxy", "haproxy:3.0"),
        ),
        nodes,
        strict=True,
    ):
        spec = container(name, image)
        parent = deployment(
            world, space, name, Template([spec], labels=app_labels(name)), ready=0, born=days(90), revision=2,
            conditions=[not_available(world, 34)],
        )  # fmt: skip
        child = replicaset(world, parent, replicas=1, ready=0, born=34, revision=2)
        one = pod(world, child, where, [cannot_pull(spec)], born=34)
        pull_failed(world, one, spec, error.format(image=image, repo=image.split(":")[0]), 34, 2)
        parents.append(parent)
    truth(
        world,
        en=[
            "After the maintenance several apps in different namespaces do not start. What do they have in common?",
            "Why do blog, wiki and chat all fail?",
        ],
        zh=[
            "维护以后好几个命名空间的应用都起不来，有什么共同原因？",
            "blog、wiki、chat 为什么同时挂了",
        ],
        roots=[root("pod.image_pull.rate_limited", *parents)],
        mention=("toomanyrequests",),
        fix="none",
        symptoms_ok=["deploy.unavailable"],
    )


@case("amd64-only-on-arm", fault=17)
def wrong_architecture(world: World) -> None:
    world.cluster = "graviton-mix"
    intel = [node(world, f"ip-10-8-0-{n}.internal", zone="us-west-2a") for n in (11, 12)]
    arm = [
        node(world, f"ip-10-8-9-{n}.internal", arch="arm64", zone="us-west-2b") for n in (31, 32)
    ]
    labels = app_labels("flow-exporter", 1)
    spec = container(
        "exporter", "registry.netops.example/flow-exporter:3.7.0", ports=[port(9117, "metrics")]
    )
    parent = daemon_set(
        world,
        "netops",
        "flow-exporter",
        Template([spec], labels=labels),
        wanted=4,
        ready=2,
        born=88,
    )
    for one in intel:
        pod(world, parent, one, [status(spec, running(world.ago(87)))], born=88)
    image = spec["image"]
    error = f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": no match for platform in manifest: not found'
    for one in arm:
        failing = pod(world, parent, one, [cannot_pull(spec)], born=88)
        text = f'failed to pull image "{image}": no matching manifest for linux/arm64/v8 in the manifest list entries'
        pull_failed(world, failing, spec, error, 58, 3)
        event(
            world,
            failing,
            "Failed",
            f"Error: {text}",
            warn=True,
            first=58,
            last=3,
            count=9,
            field="exporter",
        )
    truth(
        world,
        en=["Why does flow-exporter only run on half of the nodes?", "flow-exporter is 2/4, what is different about the failing nodes?"],
        zh=["flow-exporter 为什么只在一半节点上能跑？", "netops 的采集器 2/4，原因是什么"],
        namespace="netops",
        roots=[root("pod.image_pull.arch", parent)],
        mention=("arm64",),
        fix=("fix.node_selector", parent),
        symptoms_ok=["ds.unready"],
    )  # fmt: skip


@case("template-left-unrendered", fault=18)
def unrendered_image(world: World) -> None:
    world.cluster = "ci-preview"
    nodes = pool(world, "pv-1", "pv-2")
    old = container("web", "registry.pv.example/shopfront:5120")
    spec = container("web", "registry.pv.example/shopfront:{{ .Values.image.tag }}")
    labels = app_labels("shopfront", 1)
    parent = deployment(
        world, "preview", "shopfront", Template([spec], labels=labels), replicas=2, ready=2, updated=1, total=3, revision=12,
    )  # fmt: skip
    before = replicaset(
        world,
        parent,
        replicas=2,
        born=days(3),
        revision=11,
        template=Template([old], labels=labels),
    )
    after = replicaset(world, parent, replicas=1, ready=0, born=9, revision=12)
    parent["status"]["conditions"] = [
        is_available(world),
        progressed(world, after["metadata"]["name"], 9),
    ]
    for one in nodes:
        pod(world, before, one, [status(old, running(world.ago(days(3))))], born=days(3))
    text = f'Failed to apply default image tag "{spec["image"]}": couldn\'t parse image name "{spec["image"]}": invalid reference format'
    one = pod(
        world,
        after,
        nodes[0],
        [status(spec, waiting("InvalidImageName", text), ready=False)],
        born=9,
    )
    event(world, one, "InspectFailed", text, warn=True, first=9, last=0.4, count=42, field="web")
    event(
        world,
        one,
        "Failed",
        "Error: InvalidImageName",
        warn=True,
        first=9,
        last=0.4,
        count=42,
        field="web",
    )
    truth(
        world,
        en=["What is wrong with the new shopfront pod?", "Why does the preview deploy hang?"],
        zh=["shopfront 的新 Pod 有什么问题？", "preview 环境的发布为什么卡住"],
        namespace="preview",
        roots=[root("pod.image_pull.invalid_name", parent)],
        mention=("{{ .Values.image.tag }}",),
        fix=("fix.rollback", parent),
    )
