"""A kubeconfig that cannot work is told with its file and line, before anything is asked."""

from pathlib import Path

import pytest

from core.errors import Invalid
from mcp_servers.backends.kubernetes import Kubernetes
from tests.backends.loopback import kubeconfig_for

GOOD = """\
current-context: dev
clusters:
- name: dev
  cluster: {server: http://127.0.0.1:1}
users:
- name: ann
  user: {token: t}
contexts:
- name: dev
  context: {cluster: dev, user: ann}
"""


def refusal(folder: Path, text: str, context: str = "") -> str:
    file = folder / "config"
    file.write_text(text)
    with pytest.raises(Invalid) as caught:
        Kubernetes.connect(kubeconfig=file, context=context)
    return str(caught.value).replace(str(folder), "")


def test_a_good_one_connects_to_its_current_context(tmp_path: Path) -> None:
    file = kubeconfig_for(tmp_path, "http://127.0.0.1:1")
    assert Kubernetes.connect(kubeconfig=file).cluster_name == "shop"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"There is no kubeconfig at .*nowhere"):
        Kubernetes.connect(kubeconfig=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1\nb: 2", "/config:2: this is not YAML"),
        ("a: \x00", "/config:1: this is not YAML"),
        ("just words", "/config:1: this is not a kubeconfig"),
        (GOOD.replace("current-context: dev\n", ""), "there is no current-context"),
        (
            GOOD.replace("current-context: dev", "current-context: dve"),
            "/config:8: there is no context 'dve'",
        ),
        (
            GOOD.replace("{cluster: dev,", "{cluster: prod,"),
            "/config:2: there is no cluster 'prod'",
        ),
        (GOOD.replace("user: ann}", "user: bob}"), "/config:5: there is no user 'bob'"),
        (GOOD.replace("http://127", "127"), "/config:3: cluster 'dev' has no http"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in refusal(tmp_path, text)


def test_an_unknown_context_names_the_nearest(tmp_path: Path) -> None:
    assert refusal(tmp_path, GOOD, context="dev-eu").endswith("Did you mean dev?")
