"""G. Services and ingresses that point past their pods."""

from evals.clusters.containers import container, env, http_probe, port, running, status
from evals.clusters.events import event
from evals.clusters.nodes import pool
from evals.clusters.objects import ingress, ingress_class, service, slices
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    healthy_deployment,
    replicaset,
)
from evals.clusters.world import Json, World, days, hours
from tools.cases.telling import case, root, truth


def _serving(
    world: World,
    namespace: str,
    name: str,
    spec: Json,
    nodes: list[Json],
    labels: tuple[tuple[str, str], ...],
    born: float,
) -> tuple[Json, list[Json]]:
    parent = deployment(
        world, namespace, name, Template([spec], labels=labels), replicas=len(nodes), changed=born
    )
    child = replicaset(world, parent, replicas=len(nodes), born=born)
    return parent, [
        pod(world, child, one, [status(spec, running(world.ago(born - 0.2)))], born=born)
        for one in nodes
    ]


@case("service-still-wants-v1", fault=58)
def selector_of_old_version(world: World) -> None:
    _wallet(world, "v1")


@case("service-wants-v2-too", fault=58)
def selector_of_new_version(world: World) -> None:
    _wallet(world, "v2")


def _wallet(world: World, wanted: str) -> None:
    world.cluster = "payments-br"
    nodes = pool(world, "br-1", "br-2")
    labels = (("app", "wallet"), ("version", "v2"))
    spec = container(
        "wallet",
        "registry.br.example/wallet:2.0.0",
        ports=[port(8080, "http")],
        readinessProbe=http_probe("/ready", "http"),
    )
    parent, made = _serving(world, "wallet", "wallet", spec, nodes, labels, 52)
    front = service(world, "wallet", "wallet", {"app": "wallet", "version": wanted}, target="http")
    fits = wanted == "v2"
    slices(world, front, made if fits else [])
    client = container(
        "bff",
        "registry.br.example/bff:88",
        ports=[port(8080)],
        env=env(WALLET_URL="http://wallet.wallet.svc:80"),
    )
    caller, callers = _serving(
        world, "wallet", "bff", client, nodes[:1], app_labels("bff"), days(9)
    )
    if not fits:
        error = '{"level":50,"msg":"wallet call failed","err":"connect ECONNREFUSED 10.96.14.9:80","service":"wallet.wallet.svc"}'
        world.log(callers[0], "bff", *((50 - n * 6, error) for n in range(8)), (0.3, error))
    else:
        world.log(callers[0], "bff", (40, '{"level":30,"msg":"GET /balance 200 12ms"}'))
    en = [
        "Why can nobody reach wallet since the 2.0 release? All pods are green.",
        "bff gets connection refused from wallet",
    ]
    zh = ["wallet 发布 2.0 以后为什么访问不通？Pod 都是绿的", "bff 调 wallet 一直被拒绝连接"]
    if fits:
        truth(world, en=en, zh=zh, namespace="wallet", roots=[], spare=(parent, caller))
        return
    truth(
        world, en=en, zh=zh, namespace="wallet", roots=[root("service.selector_near_miss", front)],
        mention=("v1", "v2"), spare=(parent, caller), fix=("fix.selector", front),
        symptoms_ok=["app.dependency_unreachable"], must_cite=["wallet"],
    )  # fmt: skip


@case("port-name-was-tidied-up", fault=59)
def port_name_missing(world: World) -> None:
    world.cluster = "maps-api"
    nodes = pool(world, "ma-1", "ma-2")
    labels = app_labels("geocoder", 1)
    spec = container(
        "geocoder",
        "registry.ma.example/geocoder:14",
        ports=[port(9000, "http-api"), port(9100, "metrics")],
    )
    parent, made = _serving(world, "maps", "geocoder", spec, nodes, labels, 75)
    front = service(world, "maps", "geocoder", dict(labels), target="http")
    slices(world, front, made, number=None)
    truth(
        world,
        en=[
            "geocoder pods are ready but its Service refuses connections. Why?",
            "Why is the geocoder unreachable?",
        ],
        zh=["geocoder 的 Pod 都就绪了，为什么 Service 连不上？", "地理编码服务访问不了"],
        namespace="maps",
        roots=[root("service.target_port_name_missing", front)],
        mention=("http-api",),
        spare=(parent,),
        fix=("fix.target_port", front),
    )


@case("service-knocks-at-the-wrong-number", fault=60)
def port_number_wrong(world: World) -> None:
    world.cluster = "shop-jp"
    nodes = pool(world, "jp-1", "jp-2")
    labels = app_labels("coupon")
    probe = http_probe("/up", 4567)
    spec = container(
        "coupon", "registry.jp.example/coupon:0.9.3", ports=[port(4567)], readinessProbe=probe
    )
    parent, made = _serving(world, "shop", "coupon", spec, nodes, labels, hours(5))
    for one in made:
        world.log(
            one,
            "coupon",
            (
                hours(5),
                "== Sinatra (v4.1.1) has taken the stage on 4567 for production with backup from Puma",
            ),
            (hours(5), "* Listening on http://0.0.0.0:4567"),
        )
    front = service(world, "shop", "coupon", dict(labels), port=80, target=4568)
    slices(world, front, made, number=4568)
    client = container(
        "cart", "registry.jp.example/cart:3.3.0", env=env(COUPON_URL="http://coupon")
    )
    caller, callers = _serving(
        world, "shop", "cart", client, nodes[:1], app_labels("cart"), days(4)
    )
    error = 'Errno::ECONNREFUSED: Failed to open TCP connection to coupon:80 (Connection refused - connect(2) for "coupon" port 80)'
    world.log(
        callers[0],
        "cart",
        *((hours(5) - n * 50, error) for n in range(6)),
        (12, error),
        (5, error),
        (0.4, error),
    )
    truth(
        world,
        en=[
            "cart cannot reach coupon although its pods are ready. Why?",
            "Coupons fail at checkout since five hours, why?",
        ],
        zh=["cart 连不上 coupon，但是 coupon 的 Pod 都就绪，为什么？", "结账时优惠券一直失败"],
        namespace="shop",
        roots=[root("service.target_port_mismatch", front)],
        mention=("4568", "4567"),
        spare=(parent, caller),
        fix=("fix.target_port", front),
        symptoms_ok=["app.dependency_unreachable"],
    )


@case("ingress-remembers-the-old-port", fault=66)
def ingress_port(world: World) -> None:
    world.cluster = "forum-web"
    nodes = pool(world, "fw-1", "fw-2")
    ingress_class(world)
    labels = app_labels("forum")
    spec = container("forum", "discourse/discourse:3.4.0", ports=[port(3000, "web")])
    parent, made = _serving(world, "forum", "forum", spec, nodes, labels, 90)
    front = service(world, "forum", "forum", dict(labels), port=80, target="web", port_name="web")
    slices(world, front, made, number=3000)
    door = ingress(world, "forum", "forum", "forum.example.org", "forum", "http")
    truth(
        world,
        en=[
            "forum.example.org answers 503, the pods are fine. Why?",
            "Why is the forum not reachable from outside?",
        ],
        zh=["forum.example.org 返回 503，Pod 没问题，为什么？", "论坛外网访问不了"],
        namespace="forum",
        roots=[root("ingress.backend_port_missing", door)],
        mention=("http", "web"),
        spare=(parent, front),
    )


@case("ingress-to-a-renamed-service", fault=65)
def ingress_backend(world: World) -> None:
    world.cluster, world.layout = "blog-net", "dump"
    nodes = pool(world, "bn-1", "bn-2")
    ingress_class(world)
    parts = healthy_deployment(
        world, "sites", "journal-web", "wordpress:6.7.1-apache", nodes, style=1
    )
    front = service(world, "sites", "journal-web", dict(app_labels("journal-web", 1)))
    slices(world, front, parts[2:])
    door = ingress(world, "sites", "journal", "journal.example.net", "journal-site", 80)
    event(world, door, "Sync", "Scheduled for sync", by="kubelet", first=44, last=44)
    truth(
        world,
        en=[
            "Why does journal.example.net answer 503?",
            "The journal site is down but its pods run",
        ],
        zh=["journal.example.net 为什么返回 503？", "journal 网站打不开，Pod 在运行"],
        namespace="sites",
        roots=[root("ingress.backend_missing", door)],
        mention=("journal-site",),
        spare=(parts[0], front),
    )
