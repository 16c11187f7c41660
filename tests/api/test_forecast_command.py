"""`midwatch forecast` and `midwatch anomalies --kind cost` as programs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.cli.forecast import season_text
from tests.api.test_command_line import midwatch as run


def table(values: list[float], step: timedelta) -> str:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    lines = [f"{(start + i * step).isoformat()},{value}" for i, value in enumerate(values)]
    return "\n".join(["timestamp,value", *lines]) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hours = [100 + (i % 24) * 5 + (i * 7919 % 13) for i in range(24 * 15)]
    days = [400 + (i * 7919 % 17) - (150 if i % 7 >= 5 else 0) for i in range(60)]
    days[45] = 900
    (tmp_path / "load.csv").write_text(table([float(one) for one in hours], timedelta(hours=1)))
    (tmp_path / "spend.csv").write_text(table([float(one) for one in days], timedelta(days=1)))
    (tmp_path / "short.csv").write_text(table([1.0] * 5, timedelta(days=1)))
    return tmp_path


def test_a_forecast_has_the_shape_of_the_contract(folder: Path) -> None:
    done = run(
        "forecast", "--csv", "load.csv", "--horizon", "6", "--level", "80", "-o", "json", cwd=folder
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["verdict"], report["level"], report["period"]) == ("ok", 80, 168)
    assert report["forecast"][0]["at"] == "2026-01-20T00:00:00Z"
    assert set(report["forecast"][0]) == {"at", "mean", "lower", "upper"}
    assert set(report["backtest"]) == {"smape", "mase", "coverage"}
    assert len(report["forecast"]) == 6


def test_too_little_is_insufficient_data_and_says_what_is_missing(folder: Path) -> None:
    done = run("forecast", "--csv", "short.csv", "--horizon", "3", "-o", "json", cwd=folder)
    report = json.loads(done.stdout)
    assert (report["verdict"], report["forecast"]) == ("insufficient_data", [])
    assert report["missing"] == "At least 12 values are needed; there are 5."


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("forecast", "--horizon", "3"), "至少需要 12 个数值，现有 5 个。"),
        (("anomalies",), "至少需要 15 个数值，现有 5 个。"),
        (("anomalies", "--kind", "cost"), "需要之前至少十四个完整的日子"),
    ],
)
def test_too_little_data_is_no_answer_and_says_what_is_missing(
    folder: Path, command: tuple[str, ...], said: str
) -> None:
    done = run(*command, "--csv", "short.csv", "--lang", "zh", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert said in done.stdout


@pytest.mark.parametrize(
    ("language", "said"), [("en", "inside the interval"), ("zh", "落在区间内")]
)
def test_people_read_how_well_it_did_before(folder: Path, language: str, said: str) -> None:
    done = run("forecast", "--csv", "load.csv", "--horizon", "2", "--lang", language, cwd=folder)
    assert said in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--horizon", "0"), "A horizon is 1 to 1000 values, not 0."),
        (("--horizon", "1001"), "A horizon is 1 to 1000 values, not 1001."),
        (("--horizon", "3", "--level", "5"), "A level is 50 to 99 percent, not 5."),
    ],
)
def test_a_horizon_or_level_out_of_bounds_is_one_sentence(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run("forecast", "--csv", "load.csv", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("timestamp,a,b\n", "3 columns, not two"),
        ("2026-01-01,5\n", "no header"),
        ("value,timestamp\n5,1767225600\n", "times are in the second column"),
        ("timestamp,value\nnoon,5\n", "'noon', which is no time"),
        ("timestamp,value\n2026-01-01,many\n", "'many' is no number"),
    ],
)
def test_a_wrong_table_is_one_sentence(folder: Path, text: str, sentence: str) -> None:
    (folder / "bad.csv").write_text(text)
    done = run("forecast", "--csv", "bad.csv", "--horizon", "3", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("forecast", "--csv", "bad.csv", "--horizon", "3"), "表格有 3 列"),
        (("forecast", "--csv", "load.csv", "--horizon", "0"), "不是 0"),
        (("anomalies", "--csv", "bad.csv"), "2 列数值"),
        (("anomalies", "--csv", "none.csv", "--kind", "cost"), "none.csv"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_the_language_that_was_asked(
    folder: Path, command: tuple[str, ...], said: str
) -> None:
    (folder / "bad.csv").write_text("timestamp,a,b\n2026-01-01,1,2\n")
    done = run(*command, "--lang", "zh", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert any("\u4e00" <= one <= "\u9fff" for one in done.stderr)


def test_spend_is_judged_by_its_weeks(folder: Path) -> None:
    done = run("anomalies", "--csv", "spend.csv", "--kind", "cost", "-o", "json", cwd=folder)
    report = json.loads(done.stdout)
    assert [one["value"] for one in report["points"] if one["anomaly"]] == [900]
    assert report["episodes"][0]["severity"] in {"high", "critical"}
    assert set(report["points"][0]) == {"at", "value", "expected", "score", "anomaly", "severity"}
    told = run("anomalies", "--csv", "spend.csv", "--kind", "cost", "--lang", "zh", cwd=folder)
    assert told.stdout.startswith("60 个值中有 1 个异常")
    assert "严重" in told.stdout  # of high and critical alike


@pytest.mark.parametrize(
    ("language", "said"), [("en", "0 of 0 volumes and disks"), ("zh", "0 个卷和磁盘")]
)
def test_disks_that_nobody_measured_are_no_prediction(
    tmp_path: Path, language: str, said: str
) -> None:
    done = run("predict", "disks", "--lang", language, "--snapshot", "bad-image", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert said in done.stdout


def test_a_prediction_of_load_tells_the_instances_it_takes(tmp_path: Path) -> None:
    done = run("predict", "qps", "--service", "storefront", "-n", "shop", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deployment shop/storefront: " in done.stdout
    assert "from their making to ready" in done.stdout


@pytest.mark.parametrize(
    ("language", "said"), [("en", "At least 12 values are needed"), ("zh", "至少需要 12 个数值")]
)
def test_a_table_that_is_too_short_says_so_in_the_readers_language(
    tmp_path: Path, language: str, said: str
) -> None:
    (tmp_path / "short.csv").write_text("timestamp,value\n2026-01-01,3\n")
    asked = ("--csv", "short.csv", "--horizon", "24", "--lang", language)
    assert said in run("forecast", *asked, cwd=tmp_path).stdout
    spent = run("anomalies", "--csv", "short.csv", "--kind", "cost", *asked[4:], cwd=tmp_path)
    assert {"en": "Fourteen whole days", "zh": "十四个完整的日子"}[language] in spent.stdout


@pytest.mark.parametrize(
    ("season", "told"),
    [
        ("", "无"),
        ("week", "周"),
        ("4 weeks", "4 周"),
        ("day and week", "天和周"),
        ("900 s", "900 秒"),
    ],
)
def test_a_season_is_told_in_the_language_of_the_reader(season: str, told: str) -> None:
    assert season_text(season, "zh") == told
    assert season_text(season, "en") == (season or "none")


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "left what was foretold of them"), ("zh", "偏离了此前历史所预测的走势")],
)
def test_a_load_that_broke_away_is_told_in_figures_that_people_read(
    language: str, said: str, tmp_path: Path
) -> None:
    asked = ("--service", "checkout", "-n", "shop", "--lang", language)
    load = run("predict", "qps", *asked, cwd=tmp_path)
    memory = run("predict", "memory", *asked, cwd=tmp_path)
    assert (load.returncode, memory.returncode) == (0, 0)
    assert said in load.stdout
    assert "MiB" in memory.stdout
    assert "e+0" not in memory.stdout
