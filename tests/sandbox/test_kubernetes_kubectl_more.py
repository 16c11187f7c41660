"""The real kubectl: what it explains, makes and rolls out on the practice cluster."""

from collections.abc import Callable

import pytest

Kubectl = Callable[..., str]

pytestmark = pytest.mark.live

SHOP = ("-n", "shop")


def test_a_field_is_explained_with_its_type_and_its_own_fields(kubectl: Kubectl) -> None:
    printed = kubectl("explain", "deployment.spec.strategy")
    assert "FIELD: strategy <DeploymentStrategy>" in printed
    assert "rollingUpdate\t<RollingUpdateDeployment>" in printed
    printed = kubectl("explain", "pod.spec.containers", "--recursive")
    assert "FIELD: containers <[]Container>" in printed
    assert "        key\t<string> -required-" in printed


@pytest.mark.parametrize("kind", ["widget", "hpa", "csr", "crd", "pdb"])
def test_what_is_listed_is_explained(kubectl: Kubectl, kind: str) -> None:
    printed = kubectl("explain", kind)
    assert "KIND:" in printed
    assert "metadata\t<ObjectMeta>" in printed


MISSPELT = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made, namespace: shop}\ndota: {a: b}\n"
)


def test_an_unknown_field_is_refused_or_warned_of(kubectl: Kubectl) -> None:
    refused = kubectl("apply", "-f", "-", told=MISSPELT)
    assert 'strict decoding error: unknown field "dota"' in refused
    warned = kubectl("apply", "--validate=warn", "-f", "-", told=MISSPELT)
    assert 'Warning: unknown field "dota"' in warned
    assert "configmap/made created" in warned


def test_a_deployment_is_made_rolled_out_and_rolled_back(kubectl: Kubectl) -> None:
    made = kubectl("create", "deployment", "made", "--image=shop/web:1", *SHOP)
    assert made == "deployment.apps/made created\n"
    status = ("rollout", "status", "deploy/made", *SHOP, "--timeout=25s")
    assert "successfully rolled out" in kubectl(*status)
    assert "restarted" in kubectl("rollout", "restart", "deploy/made", *SHOP)
    assert "successfully rolled out" in kubectl(*status)
    history = kubectl("rollout", "history", "deploy/made", *SHOP).split()
    assert history[-4:] == ["1", "<none>", "2", "<none>"]
    assert "rolled back" in kubectl("rollout", "undo", "deploy/made", *SHOP)
    waited = kubectl("wait", "--for=condition=Available", "deploy/made", *SHOP, "--timeout=25s")
    assert waited == "deployment.apps/made condition met\n"


def test_typed_objects_are_made(kubectl: Kubectl) -> None:
    assert kubectl("create", "namespace", "fresh") == "namespace/fresh created\n"
    secret = ("create", "secret", "generic", "word", *SHOP, "--from-literal=a=b")
    assert kubectl(*secret) == "secret/word created\n"
    assert kubectl("get", "secret/word", *SHOP, "-o", "jsonpath={.data.a}") == "Yg=="


def test_all_that_somebody_may_do_is_listed(kubectl: Kubectl) -> None:
    printed = kubectl("auth", "can-i", "--list", *SHOP, "--as", "bob")
    assert ["pods/log", "[]", "[]", "[get", "list]"] in [
        one.split() for one in printed.splitlines()
    ]


def test_what_the_server_has_is_listed(kubectl: Kubectl) -> None:
    printed = kubectl("api-resources", "--api-group=apps", "-o", "name").split()
    assert "deployments.apps" in printed
    assert "widgets.example.com" in kubectl("api-resources", "-o", "name").split()


def test_columns_of_ones_own_and_more_of_the_servers(kubectl: Kubectl) -> None:
    own = ("-o", "custom-columns=POD:.metadata.name,ON:.spec.nodeName")
    assert kubectl("get", "pods", *SHOP, *own).split()[:4] == ["POD", "ON", "web-a", "node-a"]
    assert "NOMINATED NODE" in kubectl("get", "pods", *SHOP, "-o", "wide")
