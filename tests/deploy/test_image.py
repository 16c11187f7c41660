"""The image and the composition agree with the settings and the service, as far as their texts tell."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.app import create_app
from core.settings import known_variables, load

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
COMPOSITION: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSITION["services"]
PORT = "8080"
# The variables of model providers that are read without a prefix.
PROVIDERS = {"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"}


def instructions(name: str) -> list[str]:
    """What follows each instruction of this name, lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", joined, re.MULTILINE)


def image_variables() -> dict[str, str]:
    pairs = [pair for line in instructions("ENV") for pair in shlex.split(line)]
    return dict(pair.split("=", 1) for pair in pairs)


def routes() -> set[str]:
    return set(create_app(load(env_file=None)).openapi()["paths"])


def test_every_package_goes_into_the_image() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {
        one.rstrip("*") for one in told["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    copied = {word for line in instructions("COPY") for word in line.split()[:-1]}
    assert packages <= copied
    let_through = {
        line[1:].split("/")[0]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    sources = {word for word in copied if not word.startswith(("--", "/"))}
    assert sources <= let_through
    assert all((ROOT / one).exists() for one in sources)


def test_everything_that_is_installed_is_pinned_by_hash() -> None:
    installs = [line for line in instructions("RUN") if "pip install" in line]
    for line in installs:
        for command in re.findall(r"pip install [^&]*", line):
            assert "--require-hashes" in command or "--no-deps --no-build-isolation ." in command
    locked = (ROOT / "requirements-service.lock").read_text()
    plain = (ROOT / "requirements.lock").read_text()
    pins = re.compile(r"^\S+==\S+", re.MULTILINE)
    assert set(pins.findall(plain)) <= set(pins.findall(locked)), "make lock"
    for driver in ("asyncpg", "redis", "slack-bolt", "dingtalk-stream"):
        assert re.search(rf"^{driver}==", locked, re.MULTILINE)


def test_the_image_runs_as_nobody_in_particular_and_keeps_its_data_in_a_volume() -> None:
    [user] = instructions("USER")
    assert user == "10001:10001"
    assert instructions("VOLUME") == [image_variables()["MIDWATCH_DATA_DIR"]] == ["/data"]
    assert not [line for line in instructions("FROM") if line.split()[0].endswith(":latest")]


def test_ports_and_probes_are_those_of_the_service() -> None:
    assert image_variables()["MIDWATCH_SERVER__PORT"] == PORT
    assert instructions("EXPOSE") == [PORT]
    probe = instructions("HEALTHCHECK")[0]
    [path] = re.findall(rf"http://127\.0\.0\.1:{PORT}(/\w+)", probe)
    assert path in routes()
    assert SERVICES["midwatch"]["ports"] == ["127.0.0.1:${MIDWATCH_PORT:-8080}:8080"]


@pytest.mark.parametrize("service", ["midwatch", "alerts-token"])
def test_every_variable_of_the_composition_is_a_setting(service: str) -> None:
    names = set(SERVICES[service]["environment"]) | set(image_variables())
    ours = {name for name in names if name.startswith("MIDWATCH_")}
    assert ours <= set(known_variables())
    assert set(SERVICES[service]["environment"]) - ours <= PROVIDERS


def test_only_the_page_is_published_and_only_on_this_machine() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert list(published) == ["midwatch"]
    assert published["midwatch"][0].startswith("127.0.0.1:")


def test_what_services_wait_for_mount_and_run_is_there() -> None:
    for name, service in SERVICES.items():
        image = service["image"]
        assert image == "midwatch" or re.search(r":v?\d", image), name
        for other, how in service.get("depends_on", {}).items():
            wanted = how["condition"]
            assert wanted != "service_healthy" or _is_watched(other), (name, other)
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            known = source in COMPOSITION["volumes"] or (ROOT / source).is_file()
            assert known, (name, mount)


def _is_watched(service: str) -> bool:
    return "healthcheck" in SERVICES[service] or SERVICES[service]["image"] == "midwatch"


def test_the_database_is_the_one_that_is_started() -> None:
    url = SERVICES["midwatch"]["environment"]["MIDWATCH_DATABASE__URL"]
    told = SERVICES["postgres"]["environment"]
    user, password, name = (told[f"POSTGRES_{one}"] for one in ("USER", "PASSWORD", "DB"))
    assert url == f"postgresql://{user}:{password}@postgres:5432/{name}"
    assert url == SERVICES["alerts-token"]["environment"]["MIDWATCH_DATABASE__URL"]


def test_alertmanager_posts_where_midwatch_listens_with_the_token_that_was_made() -> None:
    told = yaml.safe_load((ROOT / "deploy/compose/alertmanager.yml").read_text())
    [hook] = told["receivers"][0]["webhook_configs"]
    assert hook["url"].startswith(f"http://midwatch:{PORT}/")
    posted = hook["url"].removeprefix(f"http://midwatch:{PORT}")
    assert any(re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", one), posted) for one in routes())
    file = hook["http_config"]["authorization"]["credentials_file"]
    assert file in " ".join(SERVICES["alerts-token"]["command"])
    prometheus = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text())
    targets = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    assert targets == [f"midwatch:{PORT}"]
    assert "/metrics" in routes()
