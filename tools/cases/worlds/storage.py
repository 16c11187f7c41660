"""F. Volumes that are not there, or not free."""

from evals.clusters.containers import container, port, running, status, waiting
from evals.clusters.events import event, unschedulable
from evals.clusters.nodes import lease, lost, pool
from evals.clusters.objects import claim, storage_class
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    healthy_deployment,
    not_available,
    replicaset,
    stateful_set,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth

UNBOUND = (
    "0/{n} nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: "
    "0/{n} nodes are available: {n} Preemption is not helpful for scheduling."
)


@case("storage-class-of-another-cloud", fault=52)
def class_missing(world: World) -> None:
    _vector_store(world, "gp3-encrypted", bound=False)


@case("storage-class-that-exists", fault=52)
def class_present(world: World) -> None:
    _vector_store(world, "premium-rwo", bound=True)


def _vector_store(world: World, cls: str, *, bound: bool) -> None:
    world.cluster = "gke_docs_europe-north1_rag"
    nodes = pool(world, "gke-rag-np-1", "gke-rag-np-2")
    storage_class(world, "standard-rwo", "pd.csi.storage.gke.io", default=True)
    storage_class(world, "premium-rwo", "pd.csi.storage.gke.io")
    mount = [{"mountPath": "/qdrant/storage", "name": "storage"}]
    spec = container(
        "qdrant", "qdrant/qdrant:v1.12.4", ports=[port(6333, "http")], volumeMounts=mount
    )
    disk = {"name": "storage", "persistentVolumeClaim": {"claimName": "storage-vectors-0"}}
    wanted = claim(
        world,
        "docs",
        "storage-vectors-0",
        cls=cls,
        size="50Gi",
        volume="pvc-88a0" if bound else "",
        born=28,
    )
    template = Template([spec], labels=app_labels("vectors", 1), volumes=(disk,))
    asked = {"metadata": {"name": "storage"}, "spec": {**wanted["spec"]}}
    asked["spec"].pop("volumeName", None)
    parent = stateful_set(
        world, "docs", "vectors", template, ready=int(bound), born=28, claims=(asked,)
    )
    near = healthy_deployment(world, "docs", "ask", "registry.docs.example/ask:0.3", nodes[:1])
    en = ["Why is vectors-0 Pending?", "The vector database was installed but never came up. Why?"]
    zh = ["vectors-0 为什么 Pending？", "向量库装好以后一直没起来，查下原因"]
    if bound:
        pod(world, parent, nodes[1], [status(spec, running(world.ago(27)))], born=28, ordinal=0)
        truth(world, en=en, zh=zh, namespace="docs", roots=[], spare=(near[0], parent))
        return
    event(
        world,
        wanted,
        "ProvisioningFailed",
        f'storageclass.storage.k8s.io "{cls}" not found',
        by="volume",
        warn=True,
        first=28,
        last=0.3,
        count=113,
    )
    text = UNBOUND.format(n=2)
    one = pod(world, parent, None, born=28, ordinal=0, refused=text)
    unschedulable(world, one, text, 28, 3, 6)
    truth(
        world, en=en, zh=zh, namespace="docs", roots=[root("pvc.storage_class_missing", wanted, parent)],
        mention=("gp3-encrypted",), spare=(near[0],), fix="none",
        symptoms_ok=["pod.unschedulable.volume", "sts.ordinal_blocked", "pvc.provisioning_failed"],
    )  # fmt: skip


@case("nobody-marked-a-default-class", fault=53)
def no_default_class(world: World) -> None:
    world.cluster = "edge-kit"
    pool(world, "edge-1", "edge-2", version="v1.33.0")
    storage_class(world, "local-path", "rancher.io/local-path")
    storage_class(world, "nfs-bulk", "nfs.csi.k8s.io", mode="Immediate")
    wanted = claim(world, "pos", "journal", cls=None, size="5Gi", born=70)
    text = "no persistent volumes available for this claim and no storage class is set"
    event(world, wanted, "FailedBinding", text, by="volume", first=70, last=0.2, count=280)
    disk = {"name": "journal", "persistentVolumeClaim": {"claimName": "journal"}}
    spec = container(
        "pos",
        "registry.edge.example/pos:6.1",
        volumeMounts=[{"mountPath": "/journal", "name": "journal"}],
    )
    parent = deployment(
        world,
        "pos",
        "pos",
        Template([spec], labels=app_labels("pos"), volumes=(disk,)),
        ready=0,
        born=70,
        revision=1,
        conditions=[not_available(world, 70)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=70, revision=1)
    told = UNBOUND.format(n=2)
    one = pod(world, child, None, born=70, refused=told)
    unschedulable(world, one, told, 70, 4, 15)
    truth(
        world,
        en=["Why is the journal claim Pending?", "Why does pos have no running pod?"],
        zh=["journal 这个 PVC 为什么一直 Pending？", "pos 为什么没有 Pod 在运行"],
        namespace="pos",
        roots=[root("pvc.no_default_class", wanted, parent)],
        mention=("journal",),
        fix="none",
        symptoms_ok=["pod.unschedulable.volume", "deploy.unavailable"],
    )


@case("disk-held-by-a-dead-machine", fault=54)
def multi_attach(world: World) -> None:
    world.cluster = "aws-batch-db"
    dead, alive = pool(world, "ip-10-2-7-70.ec2.internal", "ip-10-2-8-15.ec2.internal")
    lost(world, dead, 17)
    lease(world, dead["metadata"]["name"], 17.8)
    lease(world, alive["metadata"]["name"], 0.1)
    event(
        world,
        dead,
        "NodeNotReady",
        f"Node {dead['metadata']['name']} status is now: NodeNotReady",
        by="node",
        first=17,
    )
    storage_class(world, "gp3", "ebs.csi.aws.com", default=True)
    claim(world, "ledger", "wal", cls="gp3", volume="pvc-0c7e11aa")
    disk = {"name": "wal", "persistentVolumeClaim": {"claimName": "wal"}}
    spec = container(
        "journal",
        "registry.lb.example/journal:2",
        ports=[port(7000)],
        volumeMounts=[{"mountPath": "/wal", "name": "wal"}],
    )
    parent = deployment(
        world,
        "ledger",
        "journal",
        Template([spec], labels=app_labels("journal"), volumes=(disk,)),
        ready=0,
        conditions=[not_available(world, 17)],
    )
    child = replicaset(world, parent, replicas=1, ready=0)
    old = pod(world, child, dead, [status(spec, running(world.ago(days(6))))], born=days(6))
    old["metadata"] |= {"deletionTimestamp": world.ago(11.5), "deletionGracePeriodSeconds": 30}
    for flag in old["status"]["conditions"]:
        if flag["type"] == "Ready":
            flag |= {"status": "False", "reason": "NodeLost", "lastTransitionTime": world.ago(17)}
    new = pod(
        world, child, alive, [status(spec, waiting("ContainerCreating"), ready=False)], born=12
    )
    text = f'Multi-Attach error for volume "pvc-0c7e11aa" Volume is already used by pod(s) {old["metadata"]["name"]}'
    event(world, new, "FailedAttachVolume", text, by="attach", warn=True, first=12, last=12)
    truth(
        world,
        en=[
            "Why does journal hang in ContainerCreating?",
            "The ledger journal was moved to another node and does not start. Why?",
        ],
        zh=["journal 为什么卡在 ContainerCreating？", "journal 换节点后起不来，根因是什么"],
        roots=[root("node.not_ready", dead)],
        mention=("ip-10-2-7-70",),
        fix="none",
        symptoms_ok=[
            "volume.multi_attach",
            "pod.stuck_terminating",
            "pod.node_lost",
            "deploy.unavailable",
        ],
    )


@case("claim-was-never-written", fault=9)
def claim_absent(world: World) -> None:
    world.cluster = "scan-lab"
    pool(world, "sl-1", "sl-2", "sl-3")
    disk = {"name": "scans", "persistentVolumeClaim": {"claimName": "scans"}}
    spec = container(
        "viewer",
        "registry.sc.example/viewer:3",
        volumeMounts=[{"mountPath": "/scans", "name": "scans"}],
    )
    parent = deployment(
        world,
        "scan",
        "viewer",
        Template([spec], labels=app_labels("viewer"), volumes=(disk,)),
        ready=0,
        born=36,
        revision=1,
        conditions=[not_available(world, 36)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=36, revision=1)
    text = '0/3 nodes are available: persistentvolumeclaim "scans" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.'
    one = pod(world, child, None, born=36, refused=text)
    unschedulable(world, one, text, 36, 1, 8)
    truth(
        world,
        en=["Why is viewer Pending?", "viewer was installed and never started"],
        zh=["viewer 为什么 Pending？", "viewer 装好以后从没启动"],
        namespace="scan",
        roots=[root("pod.unschedulable.volume", parent)],
        mention=("scans",),
        fix="none",
        symptoms_ok=["deploy.unavailable"],
    )
