"""ConfigMaps nobody uses, Secrets that hold the wrong thing, updates refused, kinds unread."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.lookups import not_found
from mcp_servers.engines.rca_ranking import rank
from mcp_servers.engines.secret_shapes import without_values
from mcp_servers.engines.topology import topology
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, NotChecked, Ref
from tests.factories import (
    NOW,
    OLD,
    cluster,
    condition,
    container,
    deployment,
    event,
    found,
    log,
    replica_set,
    rules,
    thing,
    workload,
)


def settings(name: str = "conf", **more: Any) -> Json:
    return thing("ConfigMap", name, **{"data": {"mode": "fast"}, **more})


def taking(name: str, **more: Any) -> Json:
    """A workload that takes its environment from a ConfigMap."""
    source = {"configMapRef": {"name": name}}
    return deployment(containers=[container("web", envFrom=[source])], **more)


def test_a_config_map_that_no_template_names_is_context() -> None:
    finding = found(cluster(settings(), taking("other")), "config.unused_or_empty")
    assert (finding.severity, finding.params["state"]) == (Severity.INFO, "unused")


def test_a_config_map_without_data_is_empty() -> None:
    finding = found(cluster(settings(data={}), taking("conf")), "config.unused_or_empty")
    assert finding.params["state"] == "empty"


def cron(name: str) -> Json:
    volumes = [{"name": "c", "projected": {"sources": [{"configMap": {"name": name}}]}}]
    spec = {"containers": [container()], "volumes": volumes, "automountServiceAccountToken": False}
    template = {"spec": {"template": {"spec": spec}}}
    return thing("CronJob", "nightly", spec={"schedule": "0 3 * * *", "jobTemplate": template})


def by_name(name: str) -> Json:
    return deployment(containers=[container("web", args=[f"--configmap=$(NAMESPACE)/{name}"])])


def once_used(name: str) -> list[Json]:
    """Only the revision before takes it: a rollback would need it again."""
    before, now = taking(name), taking("newer")
    return [now, replica_set(before, "5c9f7b8d6c", revision=1), settings("newer")]


LABELLED = settings(labels={"grafana_dashboard": "1"})
GENERATED = settings(owner=deployment("operator"))


@pytest.mark.parametrize(
    "objects",
    [
        [settings(), taking("conf", replicas=0)],
        [settings(), cron("conf")],
        [settings(), by_name("conf")],
        [settings(), *once_used("conf")],
        [LABELLED],
        [GENERATED],
        [settings("kube-root-ca.crt")],
        [settings("ingress-controller-leader", data={})],
        [settings(namespace="kube-system")],
        [settings(age=5)],
    ],
    ids=["scaled to zero", "projected in a cron job", "read by the API", "in an old revision",
         "loaded by its label", "made by a controller", "the cluster's", "a leader's", "the system's", "new"],
)  # fmt: skip
def test_config_maps_that_something_uses_are_silent(objects: list[Json]) -> None:
    assert "config.unused_or_empty" not in rules(cluster(*objects))


def test_what_a_refused_kind_could_use_is_not_called_unused() -> None:
    hidden = NotChecked("CronJob", "forbidden")
    assert rules(cluster(settings(), not_checked=[hidden])) == set()


def test_a_config_map_near_the_limit_is_hygiene() -> None:
    finding = found(cluster(settings(data={"blob": "x" * 950 * 1024})), "config.too_large")
    assert (finding.severity, finding.params["size"]) == (Severity.LOW, "950 KiB")
    assert "config.too_large" not in rules(cluster(settings(data={"blob": "x" * 800 * 1024})))


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def secret(kind: str = "Opaque", /, *, age: float = 600, **data: str) -> Json:
    """A Secret as it is left once it was read."""
    values = {key.replace("_", "."): encoded(value) for key, value in data.items()}
    return without_values(thing("Secret", "orders", data=values, type=kind, age=age)).raw


def user_of(key: str) -> Json:
    ref = {"secretKeyRef": {"name": "orders", "key": key}}
    return deployment(containers=[container("web", env=[{"name": "A", "valueFrom": ref}])])


PASSWORD = "tr0ub4dor&3-correct-horse"


@pytest.mark.parametrize(
    ("made", "key", "fact"),
    [
        (secret("kubernetes.io/tls", tls_crt="x"), "tls.key", "missing"),
        (secret(password=encoded(PASSWORD)), "password", "encoded twice"),
        (secret(password=PASSWORD + "\n"), "password", "ends with a line break"),
    ],
)
def test_a_malformed_secret_tells_the_key_and_never_the_value(
    made: Json, key: str, fact: str
) -> None:
    finding = found(cluster(made, user_of("password")), "config.secret_malformed")
    assert (finding.params["keys"], finding.params["state"]) == (key, fact)
    assert finding.severity is Severity.MEDIUM
    assert PASSWORD not in str(finding) + str(made)
    assert encoded(PASSWORD) not in str(finding) + str(made)


@pytest.mark.parametrize("made", [secret(password=PASSWORD + "\n"), secret("kubernetes.io/tls")])
def test_what_nobody_uses_is_hygiene(made: Json) -> None:
    assert found(cluster(made), "config.secret_malformed").severity is Severity.LOW


@pytest.mark.parametrize(
    "made",
    [
        secret("kubernetes.io/tls", tls_crt="x", tls_key="y"),
        secret("kubernetes.io/basic-auth", password="only-this"),
        secret(password=PASSWORD),
        secret(token="0123456789abcdef0123456789abcdef"),
        secret(config="user: app\n"),
        secret(key="-----BEGIN X-----\nabc\n-----END X-----\n"),
        secret("kubernetes.io/service-account-token", age=1),
    ],
    ids=["whole", "either key", "plain", "hexadecimal", "a file", "PEM", "being filled"],
)
def test_a_sound_secret_is_silent(made: Json) -> None:
    assert rules(cluster(made, user_of("password"))) == set()


def test_kubectls_copy_of_a_secret_is_forgotten_with_its_values() -> None:
    copy = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"data":"{encoded(PASSWORD)}"}}'}
    read = without_values(
        thing("Secret", "orders", data={"p": encoded(PASSWORD)}, annotations=copy)
    )
    assert encoded(PASSWORD) not in str(read.raw)
    assert list(read.raw["data"]) == ["p"]


def test_a_line_break_in_a_password_is_why_it_is_refused() -> None:
    objects = workload(
        containers=[user_of("password")["spec"]["template"]["spec"]["containers"][0]]
    )
    refused = log(objects[2], *['FATAL: password authentication failed for user "app"'] * 4)
    seen = cluster(*objects, secret(password=PASSWORD + "\n", age=2 * OLD), logs=[refused])
    ranking = rank(diagnose(seen), seen, topology(seen))
    assert [one.finding.rule for one in ranking.roots] == ["config.secret_malformed"]
    assert "app.credentials_refused" in {one.rule for one in ranking.symptoms}


IMMUTABLE = 'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"app":"x"}: field is immutable'


def test_a_refused_update_names_the_object_and_the_field() -> None:
    release = thing("HelmRelease", "web")
    said = event(release, "UpgradeFailed", f"Helm upgrade failed: {IMMUTABLE}")
    finding = found(cluster(deployment(), release, events=[said]), "config.immutable")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert (finding.params["field"], finding.severity) == ("spec.selector", Severity.MEDIUM)


def test_a_refusal_is_found_in_conditions_too() -> None:
    ready = condition("Ready", "False", message=IMMUTABLE)
    applied = thing(
        "Kustomization", "apps", namespace="flux-system", status={"conditions": [ready]}
    )
    finding = found(cluster(deployment(), applied), "config.immutable")
    assert finding.affected == (Ref("Kustomization", "flux-system", "apps"),)


def test_an_old_or_other_refusal_is_silent() -> None:
    release = thing("HelmRelease", "web")
    old = event(release, "UpgradeFailed", IMMUTABLE, ago=60 * 30)
    other = event(release, "UpgradeFailed", 'Deployment.apps "web" is invalid: spec.replicas: -1')
    assert "config.immutable" not in rules(cluster(release, events=[old, other]))


ALLOW = 'Add to Midwatch\'s Role in namespace shop:\n- apiGroups: [""]\n  resources: ["pods"]\n  verbs: ["list"]'


def refusing(*missed: NotChecked) -> Cluster:
    return Cluster(now=NOW, resources=(), not_checked=missed)


def test_what_midwatch_may_not_read_is_context_for_its_role() -> None:
    finding = found(refusing(NotChecked("Pod", "forbidden: no", ALLOW)), "access.forbidden_self")
    assert finding.severity is Severity.INFO
    assert finding.resource == Ref("Role", "shop", "midwatch")
    assert finding.params["kinds"] == "Pod"


@pytest.mark.parametrize("allow", ["", "You may see: shop."], ids=["away", "hidden from the asker"])
def test_what_is_away_or_hidden_is_no_refusal_of_ours(allow: str) -> None:
    assert rules(refusing(NotChecked("Pod", "why", allow))) == set()


def missing(name: str, namespace: str, known: Sequence[str]) -> dict[str, str]:
    seen = cluster(deployment("checkout"))
    return dict(not_found(seen, Ref("Deployment", namespace, name), known).params)


def test_a_name_that_is_not_there_has_a_nearest_or_another_place() -> None:
    assert missing("chekout", "shop", ["checkout"])["near"] == "checkout"
    told = missing("checkout", "payments", ["ledger"])
    assert (told["elsewhere"], told["near"]) == ("Deployment shop/checkout", "")
    assert missing("zzz", "shop", ["checkout"])["near"] == ""
