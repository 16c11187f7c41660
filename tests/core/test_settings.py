"""Settings are read once, and a wrong one is refused in one sentence."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from core.settings import Cluster, Settings, known_variables, load

ROOT = Path(__file__).parent.parent.parent
OTHERS = ("ANTHROPIC_", "OPENAI_")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("MIDWATCH_", *OTHERS)):
            monkeypatch.delenv(name)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_the_defaults_start_the_practice_cluster_offline() -> None:
    settings = load(env_file=None)
    assert settings.cluster is Cluster.SANDBOX
    assert (settings.llm.provider, settings.llm.model) == ("offline", "rules")
    assert settings.database_url == f"sqlite+aiosqlite:///{Path.cwd()}/data/midwatch.db"


def test_a_process_variable_goes_before_a_line_of_the_file(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write_text("MIDWATCH_SERVER__PORT=9001\nMIDWATCH_SERVER__HOST=0.0.0.0\n")
    monkeypatch.setenv("MIDWATCH_SERVER__PORT", "9002")
    server = load(env_file=env_file).server
    assert (server.host, server.port) == ("0.0.0.0", 9002)  # noqa: S104 - it is only read


def test_an_override_goes_before_all_and_leaves_the_rest_of_its_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIDWATCH_PROMETHEUS__TIMEOUT_S", "3")
    monkeypatch.setenv("MIDWATCH_PROMETHEUS__URL", "http://one:9090")
    prometheus = load(env_file=None, prometheus={"url": "http://two:9090/"}).prometheus
    assert (prometheus.url, prometheus.timeout_s) == ("http://two:9090", 3)


def test_an_empty_variable_is_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_SERVER__PORT", "")
    assert load(env_file=None).server.port == 8080


def test_durations_are_iso_8601_or_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_ACCESS_TOKEN_TTL", "PT5M")
    monkeypatch.setenv("MIDWATCH_LOGIN_LINK_TTL", "90")
    settings = load(env_file=None)
    assert settings.access_token_ttl == timedelta(minutes=5)
    assert settings.login_link_ttl == timedelta(seconds=90)


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_a_key_alone_switches_to_its_provider(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", "key-of-mine")
    monkeypatch.setenv(f"{provider.upper()}_BASE_URL", "http://127.0.0.1:9/v1/")
    llm = load(env_file=None).llm
    assert llm.provider == provider
    assert llm.model not in ("", "rules")
    assert llm.api_key.get_secret_value() == "key-of-mine"
    assert llm.base_url == "http://127.0.0.1:9/v1"


def test_a_key_in_the_file_switches_too_and_other_lines_are_not_ours(env_file: Path) -> None:
    env_file.write_text("COMPOSE_PROJECT_NAME=x\nOPENAI_API_KEY=key\n")
    assert load(env_file=env_file).llm.provider == "openai"


def test_a_stated_provider_stays_whatever_keys_lie_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    monkeypatch.setenv("MIDWATCH_LLM__PROVIDER", "offline")
    assert load(env_file=None).llm.provider == "offline"


def test_a_stated_model_goes_before_the_default_of_the_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    monkeypatch.setenv("MIDWATCH_LLM__MODEL", "my-model")
    llm = load(env_file=None).llm
    assert (llm.provider, llm.model) == ("openai", "my-model")


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_LLM__PROVIDER", "openai")
    monkeypatch.setenv("MIDWATCH_LLM__BASE_URL", "http://127.0.0.1:11434/v1")
    assert load(env_file=None).llm.api_key.get_secret_value() == ""


@pytest.mark.parametrize(
    ("given", "cluster"),
    [
        ({"kubernetes": {"kubeconfig": "/somewhere"}}, Cluster.LIVE),
        ({"kubernetes": {"context": "prod"}}, Cluster.LIVE),
        ({"snapshot": "healthy"}, Cluster.SANDBOX),
        ({"cluster": "sandbox", "kubernetes": {"kubeconfig": "/somewhere"}}, Cluster.SANDBOX),
        ({}, Cluster.LIVE),
    ],
)
def test_what_the_command_line_names_is_the_cluster(
    given: dict[str, Any], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDWATCH_CLUSTER", "live")
    assert load(env_file=None, **given).cluster is cluster


def test_a_kubeconfig_among_the_variables_means_a_live_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIDWATCH_KUBERNETES__KUBECONFIG", "~/.kube/prod")
    settings = load(env_file=None)
    assert settings.cluster is Cluster.LIVE
    assert settings.kubernetes.kubeconfig == Path.home() / ".kube/prod"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("MIDWATCH_PROMETEUS__URL", "MIDWATCH_PROMETHEUS__URL"),
        ("MIDWATCH_SERVER_PORT", "MIDWATCH_SERVER__PORT"),
        ("MIDWATCH_LLM__APIKEY", "MIDWATCH_LLM__API_KEY"),
        ("midwatch_clster", "MIDWATCH_CLUSTER"),
    ],
)
def test_a_misspelt_variable_names_the_nearest(
    name: str, nearest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(Invalid, match=f"^{name.upper()} is not a setting.*{nearest}"):
        load(env_file=None)


def test_a_variable_like_no_setting_gets_no_wild_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_FOO", "x")
    with pytest.raises(Invalid, match=r"^MIDWATCH_FOO is not a setting\. All settings are in"):
        load(env_file=None)


def test_a_misspelt_line_is_refused_with_its_number(env_file: Path) -> None:
    env_file.write_text("# mine\n\nMIDWATCH_CLUSTR=live\n")
    with pytest.raises(Invalid, match=r"MIDWATCH_CLUSTR in .*\.env line 3 is not a setting"):
        load(env_file=env_file)


def test_what_kubernetes_puts_beside_a_service_is_not_a_misspelling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIDWATCH_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("MIDWATCH_PORT", "tcp://10.0.0.1:8080")
    monkeypatch.setenv("MIDWATCH_WEB_PORT_8080_TCP_ADDR", "10.0.0.1")
    assert load(env_file=None).server.port == 8080


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("MIDWATCH_SERVER__PORT=http", r"MIDWATCH_SERVER__PORT in .* line 2: .*integer.* 'http'"),
        ("MIDWATCH_CLUSTER=prod", r"MIDWATCH_CLUSTER in .* line 2: .*'sandbox' or 'live'"),
        ("MIDWATCH_PROMETHEUS__URL=localhost:9090", r"line 2: must begin with http://"),
        ("MIDWATCH_LANGGRAPH__ORIGINS=*", r"line 2: must be origins .* no \*"),
        ("MIDWATCH_LANGGRAPH__ORIGINS=https://a.example/chat", r"line 2: must be origins"),
        ("MIDWATCH_DATABASE__URL=mysql://x", r"line 2: must begin with sqlite:// or postgresql://"),
        ("MIDWATCH_LIMITS__TIME_S=0", r"MIDWATCH_LIMITS__TIME_S in .* line 2: .*greater than 0"),
        ("MIDWATCH_SIGNING_KEY=short", "MIDWATCH_SIGNING_KEY must have at least 32 characters"),
        ("MIDWATCH_LLM__API_KEY=k", "MIDWATCH_LLM__API_KEY needs MIDWATCH_LLM__PROVIDER"),
        ("MIDWATCH_LLM__PROVIDER=openai", r"\(or OPENAI_API_KEY\) is required"),
        ("MIDWATCH_KUBERNETES__IMPERSONATE_CALLERS=ops", r"line 2: .*must contain \{user\}"),
        ("MIDWATCH_KUBERNETES__IMPERSONATE_CALLERS=system:{user}", "not begin with system:"),
        ("MIDWATCH_KUBERNETES__CALLER_GROUPS=user", "must be ROLE=GROUP, by commas"),
        ("MIDWATCH_KUBERNETES__CALLER_GROUPS=user=system:masters", "not name system:masters"),
        ("MIDWATCH_KUBERNETES__CALLER_GROUPS=user=a", "groups only with MIDWATCH_KUBERNETES__IMP"),
        ("MIDWATCH_SERVER__PORT", r"Cannot read .* line 2"),
        ("MIDWATCH_SERVER__HOST='open", r"Cannot read .* line 2"),
    ],
)
def test_a_wrong_line_is_one_sentence_that_names_it(env_file: Path, line: str, says: str) -> None:
    env_file.write_text(f"# mine\n{line}\n")
    with pytest.raises(Invalid, match=says) as refused:
        load(env_file=env_file)
    assert "\n" not in str(refused.value)


def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_SIGNING_KEY", "tooshortsecret")
    with pytest.raises(Invalid) as refused:
        load(env_file=None)
    assert "tooshortsecret" not in str(refused.value)


def test_a_file_that_is_not_text_is_refused(env_file: Path) -> None:
    env_file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="as UTF-8 text"):
        load(env_file=env_file)


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = load(
        env_file=None, signing_key="s" * 40, llm={"provider": "openai", "api_key": "kk-1"}
    )
    assert "ssss" not in repr(settings)
    assert "kk-1" not in repr(settings)


def test_roles_here_are_groups_of_the_cluster(env_file: Path) -> None:
    lines = ("IMPERSONATE_CALLERS=oidc:{user}", "CALLER_GROUPS=manager=ops, manager=night,user=all")
    env_file.write_text("\n".join(f"MIDWATCH_KUBERNETES__{line}" for line in lines))
    groups = load(env_file=env_file).kubernetes.caller_groups
    assert groups == (("manager", "ops"), ("manager", "night"), ("user", "all"))


def test_the_example_file_lists_every_setting_with_its_default() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    listed = dict(line.split("=", 1) for line in lines if line.startswith("MIDWATCH_"))
    assert sorted(listed) == sorted(known_variables())
    assert load(env_file=ROOT / ".env.example", snapshot=Settings().snapshot) == load(env_file=None)
    assert (ROOT / listed["MIDWATCH_SNAPSHOT"]) == Settings().snapshot
