"""The folder of custom rules while the server runs: what is changed in it counts, or is told."""

from pathlib import Path

import pytest
import yaml

from tests.factories import deployment
from tests.servers.test_custom_rules import asked, listed, rule


async def test_a_changed_file_counts_from_the_next_diagnosis_on(tmp_path: Path) -> None:
    async with asked(tmp_path, [rule(id="team.first")], deployment("pay")) as mine:
        assert await listed(mine, "team.first")
        more = yaml.safe_dump({"rules": [rule(id="team.second")]})
        (tmp_path / "rules" / "more.yaml").write_text(more)
        assert await listed(mine, "team.second")
        (tmp_path / "rules" / "mine.yaml").unlink()
        assert not await listed(mine, "team.first")
        assert await listed(mine, "team.second")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rules: [", "line 1 is no YAML"),
        (yaml.safe_dump({"rules": [rule(when="object.")]}), "the expression"),
        (yaml.safe_dump({"thresholds": {"nothing.percent": 5}}), "is no threshold"),
    ],
)
async def test_a_file_gone_wrong_leaves_the_rules_and_is_told(
    tmp_path: Path, text: str, why: str
) -> None:
    async with asked(tmp_path, [rule()], deployment("pay")) as mine:
        path = tmp_path / "rules" / "mine.yaml"
        path.write_text(text)
        assert await listed(mine)
        for language, words in (("en", "stay in force"), ("zh", "仍按之前的规则判断")):
            answer = (await mine.call("rca_list_findings", language=language)).data
            [told] = [one for one in answer["skipped"] if one["what"] == "custom rules"]
            assert words in told["why"]
            assert str(path) in told["why"]
            assert why in told["why"]
        rules = (await mine.call("rca_list_custom_rules")).data
        assert [one["id"] for one in rules["rules"]] == ["team.told"]
        assert why in rules["not_read"]
        path.write_text(yaml.safe_dump({"rules": [rule(id="team.mended")]}))
        assert await listed(mine, "team.mended")
        assert (await mine.call("rca_list_custom_rules")).data["not_read"] == ""


async def test_a_folder_that_goes_away_leaves_the_rules(tmp_path: Path) -> None:
    async with asked(tmp_path, [rule()], deployment("pay")) as mine:
        (tmp_path / "rules").rename(tmp_path / "moved")
        assert await listed(mine)
        rules = (await mine.call("rca_list_custom_rules")).data
        assert "There is no folder of rules" in rules["not_read"]
