"""A configuration read as a policy beside amtool: the same receivers for drawn labels."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from mcp_servers.alerting.policies import checked, policy_of
from mcp_servers.engines.alert_routing import routes_for
from mcp_servers.engines.config_policies import policy_document

pytestmark = pytest.mark.live

CONFIG = r"""
route:
  receiver: ops
  routes:
  - receiver: web
    matchers: ['team="web", severity=~"critical|error"']
    continue: true
  - receiver: data
    match: {team: data}
    routes:
    - {receiver: pager, match_re: {severity: 'crit.*'}}
    - {receiver: quoted, matchers: ['{note="say \"no\"",}']}
  - receiver: rest
    matchers: [team!~"web|data", severity!=info]
receivers: [{name: ops}, {name: web}, {name: data}, {name: pager}, {name: quoted}, {name: rest}]
"""
VALUES = {
    "team": ["web", "data", "shop", ""],
    "severity": ["critical", "error", "info", ""],
    "note": ['say "no"', "", "yes"],
}


def by_amtool(file: Path, labels: dict[str, str]) -> list[str]:
    amtool = shutil.which("amtool")
    assert amtool, "no amtool is installed"
    told = [
        f"{name}={yaml.safe_dump(value, default_style=chr(34)).strip()}"
        for name, value in labels.items()
    ]
    command = [amtool, "config", "routes", "test", f"--config.file={file}", *told]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip().split(",")


def test_drawn_labels_reach_the_receivers_that_amtool_names(tmp_path: Path) -> None:
    file, draw = tmp_path / "alertmanager.yml", random.Random(7)  # noqa: S311 - a test draws
    file.write_text(CONFIG)
    policy = policy_of(checked(policy_document(yaml.safe_load(CONFIG))))
    for _ in range(60):
        drawn = {name: draw.choice(values) for name, values in VALUES.items()}
        labels = {name: value for name, value in drawn.items() if value}
        ours = [one.channels[0] for one in routes_for(policy.root, labels)]
        assert ours == by_amtool(file, labels), labels
