"""The image and the composition as those who read them every day see them: hadolint and Compose."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kube.binaries import required

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent
COMPOSITION = ROOT / "docker-compose.yml"


def linted(dockerfile: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("hadolint")), "-"]
    return subprocess.run(command, input=dockerfile, capture_output=True, text=True, check=False)


def composed(file: Path, **told: str) -> subprocess.CompletedProcess[str]:
    """What Compose's own library makes of a file, as JSON."""
    command = [str(*required("compose")), str(file)]
    variables = {**os.environ, **told}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def test_hadolint_has_nothing_to_say_of_the_image() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    done = linted(dockerfile)
    assert (done.returncode, done.stdout) == (0, "")
    unpinned = linted(dockerfile.replace("python:3.13-slim", "python"))
    assert unpinned.returncode == 1
    assert "DL3006" in unpinned.stdout


def test_compose_reads_the_composition_with_the_ports_and_passwords_it_is_told() -> None:
    services = _services(MIDWATCH_PORT="9000", POSTGRES_PASSWORD="elsewhere")
    [port] = services["midwatch"]["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "9000", 8080)
    for name in ("midwatch", "alerts-token"):
        assert ":elsewhere@" in services[name]["environment"]["MIDWATCH_DATABASE__URL"]
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"] == "elsewhere"
    assert _services()["midwatch"]["ports"][0]["published"] == "8080"


def test_compose_refuses_one_that_waits_for_nobody(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSITION.read_text().replace("  redis:\n    image", "  cache:\n    image"))
    done = composed(broken)
    assert done.returncode == 1
    assert "redis" in done.stderr


def _services(**told: str) -> dict[str, Any]:
    done = composed(COMPOSITION, **told)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["services"]
