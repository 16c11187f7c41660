"""Suggested rules, read and tried by promtool: they fire when the budget burns, and only then."""

import subprocess
from pathlib import Path

import pytest
import yaml

from mcp_servers.client import Tools
from tests.channels.test_rule_files import shop
from tests.channels.test_rule_suggestions import CHECKOUT

__all__ = ["shop"]
pytestmark = pytest.mark.live

# A thousand requests a minute for eight hours, of which some fail from the seventh hour on.
REQUESTS = "0+1000x480"


def tried(folder: Path, text: str, failing: int, *, fires: bool) -> None:
    (folder / "rules.yaml").write_text(text)
    labels = {"slo": "checkout", "severity": "critical"}
    case = {
        "interval": "1m",
        "input_series": [
            {"series": 'http_requests_total{code="200"}', "values": REQUESTS},
            {"series": 'http_requests_total{code="500"}', "values": f"0x420 0+{failing}x60"},
        ],
        "alert_rule_test": [
            {
                "eval_time": "8h",
                "alertname": "ErrorBudgetBurnsFast",
                "exp_alerts": [{"exp_labels": labels}] if fires else [],
            }
        ],
    }
    (folder / "tests.yaml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]})
    )
    promtool("test", "rules", str(folder / "tests.yaml"))


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_promtool_sees_the_alert_fire_when_the_budget_burns_and_not_otherwise(
    shop: tuple[Tools, Tools], tmp_path: Path
) -> None:
    text = (await shop[0].call("alerting_suggest_slo_rules", **CHECKOUT)).data["text"]
    # Annotations are compared by promtool too; what they say is another test's business.
    bare = yaml.safe_load(text)
    for rule in bare["groups"][0]["rules"]:
        rule.pop("annotations", None)
    checked = yaml.safe_dump(bare, sort_keys=False)
    tried(tmp_path, checked, failing=50, fires=True)
    tried(tmp_path, checked, failing=2, fires=False)
    (tmp_path / "rules.yaml").write_text(text)
    promtool("check", "rules", str(tmp_path / "rules.yaml"))
