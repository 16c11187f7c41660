"""Rules that people add, over the wire: what they find, how it is ranked, and what is refused."""

import copy
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import Invalid
from mcp_servers.client import Connections, Tools, in_process
from mcp_servers.facts.rules import Unanswered
from mcp_servers.rca.expressions import Expressions
from sandbox.server import serving
from tests.factories import NOW, deployment, ended, pod, replica_set, stamp, thing, waiting
from tests.servers.test_rca_gathering import ANN, write

DOCS = Path(__file__).parents[2] / "docs" / "custom-rules.md"
WORDS = {"title": "{resource} is told", "cause": "Because of {name}."}


def rule(**more: Any) -> dict[str, Any]:
    told = {"id": "team.told", "severity": "high", "kind": "Deployment", "role": "cause"}
    return copy.deepcopy({**told, "when": "true", "en": WORDS, **more})


def folder_of(place: Path, text: str) -> Path:
    folder = place / "rules"
    folder.mkdir()
    (folder / "mine.yaml").write_text(text)
    return folder


@asynccontextmanager
async def asked(
    place: Path, rules: list[dict[str, Any]] | str, *objects: dict[str, Any]
) -> AsyncGenerator[Tools]:
    text = rules if isinstance(rules, str) else yaml.safe_dump({"rules": rules})
    write(place, *objects)
    async with serving(place) as addresses:
        reach = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            rules_folder=folder_of(place, text),
        )
        async with in_process(reach) as sessions:
            yield Tools(sessions, ANN)


async def listed(mine: Tools, rule_id: str = "team.told", **asked: str) -> list[dict[str, Any]]:
    answer = (await mine.call("rca_list_findings", **asked)).data
    return [one for one in answer["findings"] if one["rule"] == rule_id]


def example() -> str:
    return re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)[0]


def switched_off() -> dict[str, Any]:
    made = deployment("pay")
    container = made["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "PAYMENTS", "value": "off"}]
    return made


async def test_the_example_of_the_docs_speaks_in_both_languages(tmp_path: Path) -> None:
    async with asked(tmp_path, example(), switched_off()) as mine:
        [english] = await listed(mine, "shop.payments_disabled")
        [chinese] = await listed(mine, "shop.payments_disabled", language="zh")
    assert english["resource"] == {"kind": "Deployment", "namespace": "shop", "name": "pay"}
    assert english["title"] == "Deployment shop/pay runs with payments switched off"
    assert english["category"] == "config"
    assert english["fix"]["summary"] == "Set PAYMENTS to on and roll out pay."
    assert english["evidence"][0]["text"].startswith("object.spec.template.spec.containers.map")
    assert chinese["title"] == "Deployment shop/pay 关闭了支付功能"


async def test_a_rule_is_silent_about_objects_it_does_not_hold_for(tmp_path: Path) -> None:
    async with asked(tmp_path, example(), deployment("pay")) as mine:
        answer = (await mine.call("rca_list_findings")).data
    assert not [one for one in answer["findings"] if one["rule"].startswith("shop.")]
    assert not [one for one in answer["skipped"] if one["what"].startswith("rule ")]


QUEUE = "max by (namespace, pod) (shop_queue_length)"


def metered(place: Path, **pods: float) -> None:
    at = int(NOW.timestamp())
    series = (
        f'shop_queue_length{{namespace="shop",pod="{name}"}} {value} {at}'
        for name, value in pods.items()
    )
    (place / "metrics").mkdir()
    lines = ["# TYPE shop_queue_length gauge", *series, "# EOF", ""]
    (place / "metrics" / "queue.om").write_text("\n".join(lines))


async def test_a_metric_of_its_pods_speaks_of_a_workload(tmp_path: Path) -> None:
    made = deployment("pay")
    copies = replica_set(made)
    pods = [pod(copies, suffix=suffix) for suffix in ("aaaaa", "bbbbb")]
    names = [one["metadata"]["name"] for one in pods]
    metered(tmp_path, **dict(zip(names, (12.0, 4321.0), strict=True)), web=9999.0)
    async with asked(tmp_path, example(), made, copies, *pods) as mine:
        found = await listed(mine, "shop.queue_grows")
    assert [one["resource"]["name"] for one in found] == ["pay"]
    assert found[0]["cause"] == "4321 orders wait in the queue of pay."
    [figure] = [one for one in found[0]["evidence"] if one["source"] == "metric"]
    assert (figure["ref"], figure["text"]) == (QUEUE, "queue_length = 4321")


async def test_a_metric_without_a_value_is_told_unless_the_rule_asks_first(tmp_path: Path) -> None:
    hasty = rule(when="metrics.queue > 1.0", kind="Service")
    careful = rule(id="team.careful", when="has(metrics.queue) && metrics.queue > 1.0")
    text = yaml.safe_dump({"metrics": {"queue": QUEUE}, "rules": [hasty, careful]})
    async with asked(tmp_path, text) as mine:
        answer = (await mine.call("rca_list_findings")).data
    told = {one["what"]: one["why"] for one in answer["skipped"]}
    assert "Service shop/web: it has no field 'queue'" in told["rule team.told"]
    assert "rule team.careful" not in told


async def test_a_question_that_prometheus_does_not_answer_is_told(tmp_path: Path) -> None:
    text = yaml.safe_dump({"metrics": {"queue": QUEUE}, "rules": [rule()]})
    write(tmp_path)
    async with serving(tmp_path) as addresses:
        gone = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url="http://127.0.0.1:9",
            rules_folder=folder_of(tmp_path, text),
        )
        async with in_process(gone) as sessions:
            mine = Tools(sessions, ANN)
            answer = (await mine.call("rca_list_findings")).data
    told = {one["what"]: one["why"] for one in answer["skipped"]}
    assert "upstream_unavailable" in told["metric queue of custom rules"]
    assert "team.told" in {one["rule"] for one in answer["findings"]}


async def test_a_threshold_makes_a_rule_of_ours_speak_earlier(tmp_path: Path) -> None:
    used = {"used": {"pods": "8"}, "hard": {"pods": "10"}}
    for name, text in {
        "as-is": "rules: []",
        "drawn": "thresholds: {quota.near_limit.percent: 75}",
    }.items():
        place = tmp_path / name
        place.mkdir()
        async with asked(place, text, thing("ResourceQuota", "team", status=used)) as mine:
            assert bool(await listed(mine, "quota.near_limit")) == (name == "drawn")


def failing(name: str = "pay") -> list[dict[str, Any]]:
    made = deployment(name)
    copies = replica_set(made)
    crashed = waiting(name, "CrashLoopBackOff", lastState=ended(1), restartCount=9)
    return [made, copies, pod(copies, status=[crashed])]


def raw_event(about: dict[str, Any], reason: str, message: str, *, count: int) -> dict[str, Any]:
    metadata = about["metadata"]
    place = {name: metadata[name] for name in ("namespace", "name", "uid")}
    times = {"firstTimestamp": stamp(30), "lastTimestamp": stamp(5)}
    made = thing("Event", f"{metadata['name']}.{reason.lower()}")
    told = {"type": "Warning", "reason": reason, "message": message, "count": count}
    return {**made, **told, **times, "involvedObject": {"kind": about["kind"], **place}}


async def test_events_a_rule_speaks_of_are_its_evidence_and_say_since_when(tmp_path: Path) -> None:
    made = deployment("pay")
    copies = replica_set(made)
    one = pod(copies)
    told = [
        raw_event(one, "FailedMount", "the disk is away", count=9),
        raw_event(one, "Pulled", "image is there", count=9),
    ]
    async with asked(tmp_path, example(), made, copies, one, *told) as mine:
        [found] = await listed(mine, "shop.slow_mounts")
    assert [item["source"] for item in found["evidence"]] == ["event"]
    assert "the disk is away" in found["evidence"][0]["text"]
    assert found["resource"]["kind"] == "Deployment"
    assert found["affected"] == [
        {"kind": "Pod", "namespace": "shop", "name": one["metadata"]["name"]}
    ]
    assert found["since"] is not None


async def test_objects_without_an_answer_are_told_once_for_each_rule(tmp_path: Path) -> None:
    rules = [
        rule(id="team.absent", when="object.spec.paws > 3"),
        rule(id="team.types", when="object.metadata.name > 3"),
        rule(id="team.number", when="size(object.metadata.name)"),
        rule(when='object.metadata.name == "pay"'),
    ]
    async with asked(tmp_path, rules, deployment("pay")) as mine:
        answer = (await mine.call("rca_list_findings")).data
        found = await listed(mine)
    told = {one["what"]: one["why"] for one in answer["skipped"]}
    assert "2 could not be judged" in told["rule team.absent"]
    assert "it has no field 'paws'" in told["rule team.absent"]
    assert "different types" in told["rule team.types"]
    assert "neither true nor false" in told["rule team.number"]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("role", "root"), [("cause", "team.told"), ("symptom", "pod.crash"), ("note", "pod.crash")]
)
async def test_the_role_says_where_a_finding_stands_among_causes(
    tmp_path: Path, role: str, root: str
) -> None:
    rules = [rule(role=role, when='object.metadata.name == "pay"')]
    async with asked(tmp_path, rules, *failing()) as mine:
        answer = (await mine.call("rca_investigate", namespace="shop")).data
    assert answer["root_causes"][0]["rule"].startswith(root)
    told = {one["rule"] for one in answer["notes"]}
    assert ("team.told" in told) == (role == "note")


@pytest.mark.parametrize(
    ("role", "severity", "verdict"),
    [("cause", "high", "found"), ("cause", "low", "healthy"), ("note", "critical", "healthy")],
)
async def test_only_faults_change_the_verdict(
    tmp_path: Path, role: str, severity: str, verdict: str
) -> None:
    async with asked(tmp_path, [rule(role=role, severity=severity)]) as mine:
        assert (await mine.call("rca_list_findings")).data["verdict"] == verdict


BAD = {
    "no: [yaml": "mine.yaml line 1 is no YAML",
    "rules:\n- id: team.x\n  severity: loud": "mine.yaml line 3: rules.severity: input should be",
    "rules: []\nruels: []": "mine.yaml line 2: ruels: extra inputs are not permitted",
    "rules: &a []\nb: *a": "mine.yaml line 1: aliases are not read",
    "rules: []\nrules: []": "mine.yaml line 1: 'rules' is written twice",
    "metrics:\n  queue: sum(": "mine.yaml line 2: metrics.queue: This is not PromQL",
    "thresholds:\n  pvc.nearly_ful.percent: 70": (
        "mine.yaml line 2: thresholds.pvc.nearly_ful.percent: it is no threshold. "
        "Did you mean pvc.nearly_full.percent?"
    ),
    "thresholds:\n  pvc.nearly_full.percent: 20": (
        "mine.yaml line 2: thresholds.pvc.nearly_full.percent: "
        "it must be from 50 to 100 percent, and is 20."
    ),
    "thresholds:\n  pvc.nearly_full.percent: yes": "mine.yaml line 2: thresholds.",
    "thresholds:\n  pvc.nearly_full.percent: 70%": "mine.yaml line 2: thresholds.",
    "[]": "mine.yaml line 1: input should be",
}


@pytest.mark.parametrize("text", BAD)
async def test_a_file_that_is_no_rule_file_is_refused_with_its_line(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(Invalid) as refused:
        async with asked(tmp_path, text):
            pass
    assert BAD[text] in str(refused.value)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"id": "pod.oom_killed"}, "has the name of one that comes with Midwatch"),
        ({"kind": "Deploymnet"}, "is no kind that is looked at. Did you mean Deployment?"),
        ({"when": "object.spec ="}, "the expression is no CEL: column"),
        (
            {"when": "objct.spec == 1"},
            "variable 'objct', which does not exist. Did you mean object?",
        ),
        ({"when": "sise(events) > 1"}, "function 'sise', which does not exist. Did you mean size?"),
        ({"when": "true || " * 200 + "true"}, "is longer than 1000 characters"),
        ({"when": "events.all(a, events.all(b, events.all(c, a == b)))"}, "more than 2 loops"),
        ({"values": {"limit": "objct"}}, "variable 'objct'"),
        ({"en": {**WORDS, "cause": "{naem}"}}, "{naem} is none of the values. Did you mean name?"),
        ({"when": "metrics.queu > 1.0"}, "metric 'queu', which does not exist. Known: none."),
        ({"role": "villain"}, "'cause', 'symptom' or 'note'"),
    ],
)
async def test_a_wrong_part_of_a_rule_is_named(
    tmp_path: Path, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        async with asked(tmp_path, [rule(**more)]):
            pass
    assert re.search(r"mine\.yaml line \d+: rules\.", str(refused.value))
    assert sentence in str(refused.value)


async def test_rules_and_thresholds_in_force_are_listed(tmp_path: Path) -> None:
    text = yaml.safe_dump({"rules": [rule()], "thresholds": {"quota.near_limit.percent": 75}})
    async with asked(tmp_path, text) as mine:
        told = (await mine.call("rca_list_custom_rules")).data
    [listed_rule] = told["rules"]
    assert (listed_rule["id"], listed_rule["role"]) == ("team.told", "cause")
    lines = {one["name"]: (one["value"], one["default"]) for one in told["thresholds"]}
    assert lines["quota.near_limit.percent"] == (75, 90)
    assert lines["pvc.nearly_full.percent"] == (85, 85)


async def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"team\.told has the name of the one in"):
        async with asked(tmp_path, [rule(), rule()]):
            pass


async def test_too_many_rules_are_refused(tmp_path: Path) -> None:
    many = [rule(id=f"team.r{n}") for n in range(201)]
    with pytest.raises(Invalid, match="holds 201 rules; at most 200 are asked"):
        async with asked(tmp_path, many):
            pass


@pytest.mark.parametrize("made", [False, True])
async def test_a_folder_without_rules_is_refused(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "none"
    if made:
        folder.mkdir()
    with pytest.raises(Invalid, match=r"There is no (folder of rules|rule file)"):
        async with in_process(Connections(rules_folder=folder, clusterless=True)):
            pass


async def test_an_object_too_large_for_the_loops_of_a_rule_is_told(tmp_path: Path) -> None:
    loops = "object.data.all(a, object.data.all(b, a.size() + b.size() >= 0))"
    large = thing("ConfigMap", "large", data={f"k{n}": "v" for n in range(2000)})
    async with asked(tmp_path, [rule(kind="ConfigMap", when=loops)], large) as mine:
        answer = (await mine.call("rca_list_findings")).data
    assert "ConfigMap shop/large: it is too large for the loops" in answer["skipped"][-1]["why"]


def test_when_the_time_is_over_nothing_is_evaluated_any_more() -> None:
    ask = Expressions(share_s=0)({"object": {}})
    with pytest.raises(Unanswered, match="out_of_time"):
        ask("true")


async def test_why_a_rule_could_not_be_asked_is_told_in_the_language_of_the_reader(
    tmp_path: Path,
) -> None:
    rules = [
        rule(id="team.absent", when="object.spec.paws > 3"),
        rule(id="team.types", when="object.metadata.name > 3"),
        rule(id="team.number", when="size(object.metadata.name)"),
        rule(id="team.broken", when="timestamp(object.metadata.name) < now"),
    ]
    async with asked(tmp_path, rules, deployment("pay")) as mine:
        answer = (await mine.call("rca_list_findings", language="zh")).data
    told = {one["what"]: one["why"] for one in answer["skipped"]}
    assert "没有字段 'paws'" in told["rule team.absent"]
    assert "不同类型的值" in told["rule team.types"]
    assert "既不是 true 也不是 false" in told["rule team.number"]
    assert "表达式无法求值" in told["rule team.broken"]
