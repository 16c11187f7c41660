"""Our checks of configurations beside amtool: what it refuses is an error here, and what it takes is none."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from mcp_servers.engines.config_checks import checked
from tests.engines.manager_cases import GOOD, REFUSED, TAKEN, changed

pytestmark = pytest.mark.live


def refused(folder: Path, text: str) -> str:
    """What amtool says against it; empty when nothing."""
    amtool = shutil.which("amtool")
    assert amtool, "no amtool is installed"
    file = folder / "alertmanager.yml"
    file.write_text(text)
    done = subprocess.run(
        [amtool, "check-config", file], check=False, capture_output=True, text=True
    )
    return (done.stdout + done.stderr) if done.returncode else ""


@pytest.mark.parametrize("name", REFUSED)
def test_amtool_refuses_what_is_an_error_here(name: str, tmp_path: Path) -> None:
    assert refused(tmp_path, changed(*REFUSED[name]))


@pytest.mark.parametrize("name", ["", *TAKEN])
def test_amtool_takes_what_is_no_error_here(name: str, tmp_path: Path) -> None:
    text = changed(*TAKEN[name]) if name else GOOD
    assert not [one for one in checked(yaml.safe_load(text)) if one.fatal]
    assert refused(tmp_path, text) == ""
