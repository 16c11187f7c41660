"""Lantern & Loom sells lamps and cloth: its services, as its own teams would write them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tools.stories import config, network, scaling
from tools.stories.containers import Container, Template, from_config, from_secret, variable
from tools.stories.groundwork import REGISTRY, labels
from tools.stories.nodes import places
from tools.stories.pods import Plan
from tools.stories.sets import make_stateful_set
from tools.stories.workloads import Revision, Told, make_deployment
from tools.stories.world import World

Json = dict[str, Any]


def service_box(namespace: str, name: str, version: str, **more: Any) -> Container:
    """The container of one of the firm's HTTP services."""
    return Container(
        name, f"{REGISTRY}/{namespace}/{name}:{version}", ports=(("http", 8080),),
        probe=more.pop("probe", "/healthz"), **more,
    )  # fmt: skip


def template(namespace: str, box: Container, component: str = "service", **more: Any) -> Template:
    version = box.image.rpartition(":")[2]
    named = labels(box.name, component, namespace) | {"app.kubernetes.io/version": version}
    return Template(named | more.pop("labels", {}), (box,), **more)


def steady(
    world: World, namespace: str, box: Container, *, replicas: int = 2, since: str = "6d4h",
    pods: Sequence[Plan] | None = None, component: str = "service", exposed: bool = True,
    volumes: tuple[Json, ...] = (),
) -> Told:  # fmt: skip
    """A service that nothing happens to: one old revision, one that has run for days."""
    stem, _, patch = box.image.rpartition(".")
    older = replace(box, image=f"{stem}.{int(patch) - 1}")
    at = world.ago(since)
    if pods is None:
        pods = [Plan(node, at) for node in places(world, replicas, box.name)]
    before = template(namespace, older, component, volumes=volumes)
    now = template(namespace, box, component, volumes=volumes)
    revisions = [Revision(6, before, world.ago("71d")), Revision(7, now, at, pods)]
    told = make_deployment(
        world, namespace, box.name, revisions, created=world.ago("190d"), replicas=replicas
    )
    if exposed:
        expose(world, namespace, box.name)
    return told


def expose(world: World, namespace: str, name: str) -> None:
    network.make_service(
        world, namespace, name, 8080, selector={"app.kubernetes.io/name": name},
        created=world.ago("190d"),
    )  # fmt: skip


def storefront(version: str = "9.4.1") -> Container:
    return service_box(
        "shop", "storefront", version, requests=("200m", "160Mi"), memory_limit="384Mi",
        cpu_limit="1",
        env=(
            variable("CHECKOUT_URL", "http://checkout:8080"),
            variable("CART_URL", "http://cart:8080"),
            variable("CATALOG_URL", "http://catalog:8080"),
            variable("RECOMMENDATION_URL", "http://recommendation:8080"),
        ),
    )  # fmt: skip


def mobile_api(version: str = "3.12.4") -> Container:
    return service_box(
        "shop", "mobile-api", version, requests=("100m", "128Mi"), memory_limit="256Mi",
        env=(
            variable("CHECKOUT_URL", "http://checkout:8080"),
            variable("CATALOG_URL", "http://catalog:8080"),
        ),
    )  # fmt: skip


def cart(version: str = "2.7.2") -> Container:
    return service_box(
        "shop", "cart", version, requests=("100m", "96Mi"), memory_limit="192Mi",
        env=(from_config("CART_TTL", "cart-settings", "cart-ttl"),),
    )  # fmt: skip


def catalog(version: str = "5.1.3") -> Container:
    return service_box("shop", "catalog", version, requests=("100m", "128Mi"), memory_limit="256Mi")


def recommendation(version: str = "1.19.6") -> Container:
    return service_box(
        "shop", "recommendation", version, requests=("100m", "192Mi"), memory_limit="384Mi"
    )


def checkout(version: str, *, price_index: str = "lru") -> Container:
    return service_box(
        "shop", "checkout", version, requests=("150m", "160Mi"), memory_limit="256Mi",
        cpu_limit="500m",
        env=(
            variable("CART_URL", "http://cart:8080"),
            variable("LEDGER_URL", "http://ledger.payments:8080"),
            variable("PRICE_INDEX", price_index),
            from_secret("ORDERS_DSN", "checkout-orders", "dsn"),
            from_config("LOG_LEVEL", "checkout-settings", "log-level"),
        ),
        mounts=(("price-files", "/var/cache/prices"),),
    )  # fmt: skip


PRICE_FILES: Json = {"name": "price-files", "emptyDir": {"sizeLimit": "1Gi"}}


def ledger(version: str = "2.30.4") -> Container:
    return service_box(
        "payments", "ledger", version, requests=("150m", "192Mi"), memory_limit="512Mi",
        env=(from_secret("LEDGER_DSN", "ledger-database", "dsn"),),
    )  # fmt: skip


def shop_settings(world: World) -> None:
    """ConfigMaps, Secrets and accounts of namespace shop."""
    old = world.ago("120d")
    config.make_config_map(
        world, "shop", "checkout-settings",
        {"log-level": "info", "currency": "EUR", "order-timeout": "8s"}, old,
    )  # fmt: skip
    config.make_config_map(world, "shop", "cart-settings", {"cart-ttl": "72h"}, old)
    config.make_secret(world, "shop", "checkout-orders", ["dsn"], old)
    config.make_account(world, "shop", "deployer", old)
    rules = [
        config.rule("apps", "deployments replicasets", "get list watch patch"),
        config.rule("-", "pods pods/log events configmaps", "get list watch"),
    ]
    config.make_role(world, "shop", "deployer", rules, "shop/deployer", old)


def shop_edges(world: World) -> None:
    """Ingress, budgets and autoscaler of namespace shop; who may call the ledger."""
    scaling.make_autoscaler(world, "shop", "storefront", 2, 6, 42)
    for name in ("checkout", "storefront", "catalog"):
        scaling.make_budget(world, "shop", name)
    paths = {"/": "storefront", "/api": "mobile-api"}
    old = world.ago("190d")
    network.make_ingress(world, "shop", "shop", "shop.lanternloom.example", paths, old)
    callers = ["shop", "payments"]
    network.make_policy(world, "payments", "ledger", callers, 8080, world.ago("120d"))


def payments_settings(world: World) -> None:
    config.make_secret(world, "payments", "ledger-database", ["dsn"], world.ago("120d"))


def orders_database(world: World, namespace: str = "data") -> Json:
    """PostgreSQL with one claim; returns its pod."""
    box = Container(
        "postgres", f"{REGISTRY}/mirror/postgres:16.8", ports=(("postgres", 5432),),
        requests=("250m", "512Mi"), memory_limit="1Gi", mounts=(("data", "/var/lib/postgresql"),),
        env=(from_secret("POSTGRES_PASSWORD", "orders-postgres", "password"),),
    )  # fmt: skip
    config.make_secret(world, namespace, "orders-postgres", ["password"], world.ago("180d"))
    pod = make_stateful_set(
        world, namespace, "orders-postgres",
        Template(labels("orders-postgres", "database", namespace), (box,)),
        node=places(world, 1, "postgres")[0], created=world.ago("180d"),
        pod_created=world.ago("41d"), storage="40Gi",
    )  # fmt: skip
    network.make_service(
        world, namespace, "orders-postgres", 5432, target="postgres", headless=True,
        selector={"app.kubernetes.io/name": "orders-postgres"}, created=world.ago("180d"),
    )  # fmt: skip
    return pod
