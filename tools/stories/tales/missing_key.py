"""missing-key: a key of ConfigMap search-settings was renamed, but search-api still asks for the old one.

Nobody noticed until the next release: its first pod cannot be configured. The three old pods
read the key when they started and still serve, so searching works.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tools.stories import alerting, company, config, events, groundwork, traffic, voices
from tools.stories.company import service_box, template
from tools.stories.containers import Container, from_config, variable
from tools.stories.lives import Run, restarted_once, waits
from tools.stories.neighbours import Usage, ordinary, released
from tools.stories.nodes import Machine, places
from tools.stories.pods import Plan
from tools.stories.times import stamp
from tools.stories.workloads import Revision, Told, make_deployment, tell_rollout
from tools.stories.world import World

Json = dict[str, Any]

RENAMED, DEPLOYED = "41m", "33m"
MISSING = "couldn't find key RANKING_MODEL in ConfigMap search/search-settings"
SEARCH = Usage(288, 0.31, 64)


def tell() -> World:
    world = World("missing-key", "granite-ap1", datetime(2026, 11, 9, 6, 48, tzinfo=UTC))
    machines = [
        Machine("granite-cp-0", "ap-south-1a", cpus=2, memory_gib=8, control=True),
        Machine("granite-pool-0", "ap-south-1a"),
        Machine("granite-pool-1", "ap-south-1b"),
    ]
    groundwork.lay(world, machines, namespaces=("search", "shop"))
    _settings(world)
    told = _search_api(world)
    _neighbours(world)
    _figures(world, told)
    _people(world)
    alerting.make_rules(world)
    named = {"namespace": "search", "deployment": "search-api"}
    alerting.fire(world, "ReplicasMissing", named, world.ago("23m"))
    world.truth = TRUTH
    return world


def _settings(world: World) -> None:
    data = {
        "RANKING_MODEL_ID": "lamps-2026-10",
        "SHARD_COUNT": "6",
        "QUERY_TIMEOUT": "1500ms",
        "SYNONYMS": "lamp=light,shade=screen",
    }
    config.make_config_map(world, "search", "search-settings", data, world.ago("140d"))
    meta = world.find("ConfigMap", "search", "search-settings")["metadata"]
    keys: Json = {f"f:{key}": {} for key in data}
    meta["managedFields"] = [
        {
            "manager": "config-sync",
            "operation": "Update",
            "apiVersion": "v1",
            "time": stamp(world.ago(RENAMED)),
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}} | keys},
        }
    ]
    config.make_config_map(
        world, "search", "indexer-settings", {"BATCH_SIZE": "500"}, world.ago("140d")
    )


def _box(version: str) -> Container:
    settings = "search-settings"
    return service_box(
        "search", "search-api", version, requests=("250m", "256Mi"), memory_limit="512Mi",
        env=(
            from_config("RANKING_MODEL", settings, "RANKING_MODEL"),
            from_config("SHARD_COUNT", settings, "SHARD_COUNT"),
            from_config("QUERY_TIMEOUT", settings, "QUERY_TIMEOUT"),
            variable("INDEXER_URL", "http://indexer:8080"),
        ),
    )  # fmt: skip


def _search_api(world: World) -> Told:
    at, nodes = world.ago(DEPLOYED), places(world, 4, "search-api")
    new = [Plan(nodes[0], at, {"search-api": waits("CreateContainerConfigError", MISSING)})]
    old = [Plan(node, world.ago("9d7h")) for node in nodes[1:]]
    told = make_deployment(
        world, "search", "search-api",
        [
            Revision(30, template("search", _box("6.2.4")), world.ago("22d")),
            Revision(31, template("search", _box("6.2.5")), world.ago("9d7h"), old),
            Revision(32, template("search", _box("6.3.0")), at, new, "search-api 6.3.0: typo tolerance"),
        ],
        created=world.ago("190d"), replicas=3,
    )  # fmt: skip
    company.expose(world, "search", "search-api")
    tell_rollout(world, told, kept=3)
    for pod in told.newest:
        _tell_refusals(world, pod)
    for pod in told.pods[1]:
        voices.tell_pod(world, pod)
    return told


def _tell_refusals(world: World, pod: Json) -> None:
    """The kubelet tries again every twelve seconds or so; the image is there by now."""
    box = pod["spec"]["containers"][0]
    begun = world.ago(DEPLOYED) + timedelta(seconds=6)
    last = world.ago("9s")
    pulling, image = begun - timedelta(seconds=4), box["image"]
    name = box["name"]
    events.kubelet(world, pod, "Pulling", f'Pulling image "{image}"', at=pulling, container=name)
    text = f'Successfully pulled image "{image}" in 3.614s (3.614s including waiting).'
    text += " Image size: 94371840 bytes."
    events.kubelet(world, pod, "Pulled", text, at=begun, container=name)
    again = begun + timedelta(seconds=11)
    text = f'Container image "{image}" already present on machine'
    events.kubelet(world, pod, "Pulled", text, at=again, last=last, count=152, container=name)
    events.kubelet(
        world, pod, "Failed", f"Error: {MISSING}", at=begun, last=last, count=153, warning=True,
        container=name,
    )  # fmt: skip


def _neighbours(world: World) -> None:
    crash = Run(world.ago("30d"), world.ago("6d20h"), 2, "Error")
    restarted = restarted_once(crash, world.ago("6d20h") + timedelta(seconds=1), earlier=11)
    indexer = service_box(
        "search", "indexer", "2.9.3", requests=("200m", "256Mi"), memory_limit="768Mi",
        env=(from_config("BATCH_SIZE", "indexer-settings", "BATCH_SIZE"),),
    )  # fmt: skip
    pods = [Plan(places(world, 1, "indexer")[0], world.ago("30d"), {"indexer": restarted})]
    ordinary(world, "search", indexer, Usage(351, 0.18, 3), replicas=1, since="30d", pods=pods)
    sizes = {"requests": ("50m", "64Mi"), "memory_limit": "128Mi"}
    released(
        world, "search", service_box("search", "suggest", "1.6.1", **sizes),
        service_box("search", "suggest", "1.6.2", **sizes), Usage(58, 0.04, 40), ago="50m",
        note="suggest 1.6.2: shorter answers", revision=12,
    )  # fmt: skip
    ordinary(world, "shop", company.storefront(), Usage(166, 0.19, 48))
    ordinary(world, "shop", company.catalog(), Usage(123, 0.08, 51), since="11d")


def _figures(world: World, told: Told) -> None:
    at = world.ago(DEPLOYED)
    for pod in told.pods[1] + told.newest:
        load = traffic.usual(world, pod["metadata"]["name"], SEARCH.mib, SEARCH.cores)
        traffic.record_pod(world, pod, load)
    traffic.record_replicas(
        world, told.deployment, every_s=60, replicas=lambda when: 3 if when < at else 4
    )
    traffic.record_answers(world, "search", "search-api", SEARCH.per_s)
    for caller, target, per_s in (
        ("storefront", "search-api.search", 60),
        ("storefront", "suggest.search", 40),
        ("storefront", "catalog", 45),
    ):
        traffic.record_calls(world, "shop", caller, target, per_s)
    traffic.record_calls(world, "search", "search-api", "indexer", 3)
    traffic.record_durations(world, "search", "search-api", SEARCH.per_s, traffic.flat(0.09))
    traffic.record_nodes(world, {})
    traffic.record_scrapes(world, ["search-api", "indexer", "suggest", "storefront"])


def _people(world: World) -> None:
    settings, api = "ConfigMap search/search-settings", "Deployment search/search-api"
    what = "key RANKING_MODEL renamed to RANKING_MODEL_ID"
    world.change(RENAMED, "config", settings, what, author="config-sync (p.nair)")
    world.change(DEPLOYED, "deploy", api, "search-api 6.2.5 -> 6.3.0", author="l.fontaine")
    suggest = "Deployment search/suggest"
    world.change("50m", "deploy", suggest, "suggest 1.6.1 -> 1.6.2", author="l.fontaine")


def _service(namespace: str, name: str) -> Json:
    return {"kind": "Deployment", "namespace": namespace, "name": name}


TRUTH: Json = {
    "question": [
        "Why does the new version of search-api not start?",
        "search-api 的新版本为什么起不来？",
        "What is wrong with the rollout in namespace search?",
        "search 命名空间的发布卡在哪里了？",
    ],
    "scope": {"namespace": "search"},
    "root_causes": [
        {
            "rules": ["pod.config_ref.key_missing"],
            "resources": [
                _service("search", "search-api"),
                {"kind": "ConfigMap", "namespace": "search", "name": "search-settings"},
            ],
        }
    ],
    "must_mention": ["RANKING_MODEL", "search-settings"],
    "must_not_blame": [
        _service("search", "suggest"),
        _service("search", "indexer"),
        _service("shop", "storefront"),
    ],
    "symptoms_ok": ["deploy.progress_deadline", "deploy.unavailable"],
    "verdict": "found",
    "fix": {"id": "fix.repoint", "resource": _service("search", "search-api")},
}
