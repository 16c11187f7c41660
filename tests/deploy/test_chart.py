"""The Helm chart: rendered by Helm, its rights held against what the tools ask, on a real API server."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.app import create_app
from core.settings import known_variables, load
from mcp_servers.backends.kinds import BUILT_IN, Kind
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.guards import CREATABLE, WRITABLE
from mcp_servers.rca.gather import CLUSTER_SCOPED, FOR_NOTES, FOR_REPAIRS, NAMESPACED, gather
from mcp_servers.rca.gather_extended import ADD_ONS, GATEWAY_GROUP
from tests.kube.binaries import required
from tests.kube.real_cluster import control_plane
from tests.kube.server import Server

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "midwatch"
RELEASE, HOME = "one", "ops"
ACCOUNT = "one-midwatch"
CHANGING = ("rbac.changeNamespaces={shop}", "rbac.changeNodes=true")
Json = dict[str, Any]
Right = tuple[str, str, str]


def helm(*arguments: str, fails: bool = False) -> str:
    [program] = required("helm")
    command = [str(program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout


def rendered(*values: str) -> list[Json]:
    given = [word for value in values for word in ("--set", value)]
    told = helm("template", RELEASE, str(CHART), "-n", HOME, "--kube-version", "1.34.4", *given)
    return [one for one in yaml.safe_load_all(told) if one]


def of_kind(objects: Sequence[Json], kind: str, ending: str = "") -> list[Json]:
    return [
        one for one in objects if one["kind"] == kind and one["metadata"]["name"].endswith(ending)
    ]


def rights(roles: Sequence[Json]) -> set[Right]:
    """Group, resource and verb, one by one."""
    return {
        (group, resource, verb)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_it_is_a_chart_that_helm_takes() -> None:
    helm("lint", "--strict", str(CHART))


def test_without_changes_it_may_read_and_nothing_else() -> None:
    objects = rendered()
    granted = rights(of_kind(objects, "ClusterRole"))
    assert {verb for _, _, verb in granted} == {"get", "list"}
    assert not {resource for _, resource, _ in granted} & {"secrets", "users"}
    assert not of_kind(objects, "RoleBinding")


def test_it_may_read_every_kind_that_is_diagnosed_from_and_no_others() -> None:
    granted = rights(of_kind(rendered("rbac.readSecrets=true"), "ClusterRole"))
    gathered = {*NAMESPACED, *CLUSTER_SCOPED, *FOR_NOTES, *FOR_REPAIRS}
    known = {(kind.group, kind.plural) for kind in BUILT_IN}
    wanted = {(kind.group, kind.plural) for kind in BUILT_IN if kind.name in gathered}
    listed = {(group, resource) for group, resource, verb in granted if verb == "list"}
    assert wanted <= listed
    beyond = {*ADD_ONS, GATEWAY_GROUP}
    assert listed - known == {one for one in listed if one[0] in beyond}
    assert {group for group, _ in listed - known} == beyond
    assert {one for one in granted if "/" in one[1]} == {("", "pods/log", "get")}


def test_it_may_change_the_kinds_that_the_tool_server_lets_changes_touch_and_no_others() -> None:
    objects = rendered(*CHANGING)
    by_name = {kind.name: kind for kind in BUILT_IN}
    patched = {by_name[name] for name, parts in WRITABLE.items() if parts}
    made = {by_name[name] for name in CREATABLE}
    wanted = {
        *((kind.group, kind.plural, "patch") for kind in patched),
        *((kind.group, kind.plural, verb) for kind in made for verb in ("create", "delete")),
        *(("apps", f"{one}/scale", "patch") for one in ("deployments", "statefulsets")),
        ("", "pods/eviction", "create"),
    }
    assert rights(of_kind(objects, "ClusterRole", "-changes")) == {
        one for one in wanted if one[1] != "nodes"
    }
    assert rights(of_kind(objects, "ClusterRole", "-nodes")) == {("", "nodes", "patch")}
    bound = of_kind(objects, "RoleBinding", "-changes")
    assert [one["metadata"]["namespace"] for one in bound] == ["shop"]
    everywhere = rendered("rbac.changeNamespaces={*}")
    assert of_kind(everywhere, "ClusterRoleBinding", "-changes")
    assert not of_kind(everywhere, "RoleBinding")


def test_the_pod_agrees_with_the_image_the_settings_and_the_service() -> None:
    objects = rendered("settings.MIDWATCH_LLM__MODEL=qwen3", "ingress.enabled=true")
    [deployment], [service] = of_kind(objects, "Deployment"), of_kind(objects, "Service")
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    [port] = container["ports"]
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert f"EXPOSE {port['containerPort']}" in dockerfile
    assert f"USER {pod['securityContext']['runAsUser']}:" in dockerfile
    paths = set(create_app(load(env_file=None)).openapi()["paths"])
    probes = [container[name]["httpGet"] for name in container if name.endswith("Probe")]
    assert len(probes) == 3
    assert {probe["path"] for probe in probes} <= paths
    assert {probe["port"] for probe in probes} == {port["name"]}
    assert {one["name"] for one in container["env"]} <= set(known_variables())
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    mounts = {one["mountPath"] for one in container["volumeMounts"]}
    assert {"/data", "/tmp"} == mounts  # noqa: S108 - a path in the container


def test_the_signing_key_is_drawn_and_long_enough_or_yours() -> None:
    [secret] = of_kind(rendered(), "Secret")
    assert len(secret["data"]["MIDWATCH_SIGNING_KEY"]) > 64
    given = rendered("existingSecret=mine")
    assert not of_kind(given, "Secret")
    [container] = of_kind(given, "Deployment")[0]["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "mine"}}]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real API server with all that the chart makes, and the namespace it may change."""
    folder = tmp_path_factory.mktemp("chart")
    with control_plane(folder, controllers=(), without=()) as server:
        with server.client() as http:
            for name in (HOME, "shop", "other"):
                made = {"metadata": {"name": name}}
                assert http.post("/api/v1/namespaces", json=made).status_code == 201
            for one in rendered(*CHANGING, "rbac.readSecrets=true", "ingress.enabled=true"):
                answer = http.post(_collection(one), json=one)
                assert answer.status_code == 201, answer.text
        yield server


def _collection(one: Mapping[str, Any]) -> str:
    kind = next(kind for kind in BUILT_IN if kind.name == one["kind"])
    return kind.path(one["metadata"].get("namespace", "") if kind.namespaced else "")


@pytest.fixture
def kubeconfig(installed: Server, tmp_path: Path) -> Path:
    """That of the pod's own account, by a token that the API server made for it."""
    place = f"/api/v1/namespaces/{HOME}/serviceaccounts/{ACCOUNT}/token"
    with installed.client() as http:
        token = http.post(place, json={"spec": {}}).json()["status"]["token"]
    cluster = {"server": installed.url, "certificate-authority": str(installed.ca)}
    told = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(told))
    return file


@pytest.fixture
def kubernetes(kubeconfig: Path) -> Iterator[Kubernetes]:
    connected = Kubernetes.connect(kubeconfig=kubeconfig, timeout_s=30)
    yield connected
    connected.close()


async def test_its_account_is_refused_nothing_that_diagnosis_reads(kubernetes: Kubernetes) -> None:
    seen = await gather(kubernetes, None, window=timedelta(hours=1))
    refused = [one for one in seen.not_checked if "forbidden" in one.why]
    assert refused == []
    assert any(one.kind == "Secret" for one in seen.resources)


async def test_its_account_may_change_where_it_was_told_and_nowhere_else(
    kubernetes: Kubernetes,
) -> None:
    by_name: Mapping[str, Kind] = {kind.name: kind for kind in BUILT_IN}
    for name, parts in WRITABLE.items():
        verb, what = ("patch", name) if parts else ("create", f"{name}/eviction")
        if not by_name[name].namespaced:
            assert await kubernetes.may(verb, what)
            continue
        assert await kubernetes.may(verb, what, namespace="shop"), name
        assert not await kubernetes.may(verb, what, namespace="other"), name
    for kind, verb in (("Secret", "patch"), ("Pod", "delete"), ("Role", "create")):
        assert not await kubernetes.may(verb, kind, namespace="shop")
