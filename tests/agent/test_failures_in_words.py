"""What could not be looked at, told in the language of the question, with rules that can be pasted."""

import re

import yaml

from agent.answers.failures import told_failure, told_reason, translated

REFUSED = """Whether there is a 'checkout' in namespace shop cannot be seen. \
Midwatch may not list Deployment or Pod in namespace shop. Add to Midwatch's Role in namespace shop:
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["list"]
Add to Midwatch's ClusterRole:
- apiGroups: [""]
  resources: ["nodes"]
  verbs: ["list"]"""
FENCE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def test_rules_stay_yaml_that_can_be_pasted() -> None:
    for language in ("en", "zh"):
        rules = [yaml.safe_load(one) for one in FENCE.findall(told_failure(REFUSED, language, 900))]
        assert [rule[0]["resources"] for rule in rules] == [["pods"], ["nodes"]]


def test_a_refusal_is_told_in_chinese_but_for_names() -> None:
    told = FENCE.sub("", told_failure(REFUSED, "zh", 900))
    assert told.startswith("无法确认命名空间 shop 里是否有 `checkout`。")
    words = set(re.findall(r"[A-Za-z]+", told))
    names = {"shop", "checkout", "Midwatch", "list", "Deployment", "Pod", "Role", "ClusterRole"}
    assert words <= names


def test_what_does_not_answer_is_told_in_chinese() -> None:
    why = "upstream_unavailable: Prometheus at 127.0.0.1:9 does not answer."
    assert told_reason(why, "zh") == "127.0.0.1:9 上的 Prometheus 没有应答。"
    assert told_reason(why, "en") == why


def test_a_sentence_of_another_shape_is_left_as_it_is() -> None:
    assert told_failure("Something new went wrong.", "zh", 900) == "Something new went wrong."


def test_a_list_says_in_chinese_where_was_looked_and_what_a_rollout_did() -> None:
    told = {
        "pods in namespace shop with status failed": "命名空间 shop：Pod，状态为 failed",
        "events in all namespaces with name cart": "所有命名空间：事件，名称为 cart",
        "pods in your namespaces (data, shop) with status failed": "您可见的命名空间 data, shop：Pod，状态为 failed",
        "changes of the last P1D in all namespaces with cart": "所有命名空间：最近 P1D的变更，限 cart",
        "Job objects in namespace shop": "命名空间 shop：Job",
    }
    assert {one: translated(one, "zh") for one in told} == told
    told = translated("Deployment web rolled out revision 3: image a:1 -> a:2", "zh")
    assert told == "Deployment web 发布了第 3 个版本：image a:1 -> a:2"


def test_what_a_person_wrote_about_a_change_is_not_rewritten() -> None:
    assert (
        translated("web edited by hand, created anew", "zh") == "web edited by hand, created anew"
    )
