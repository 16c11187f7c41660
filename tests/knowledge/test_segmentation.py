"""Chinese and English text is cut into words that find each other."""

import pytest

from knowledge_base.segmentation import asked_words, is_chinese, words


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("The pod was evicted.", ["the", "pod", "was", "evict"]),
        (
            "CrashLoopBackOff",
            ["crashloopbackoff", "crash", "loop", "back", "off", "crashloop", "crashloopback"],
        ),
        ("OOMKilled", ["oomkill", "oom", "kill"]),
        ("kube-system/coredns", ["kube-system", "kube", "system", "coredn"]),
        ("内存不足", ["内存", "存不", "不足"]),
        ("卷", ["卷"]),
        ("Pod一直Pending", ["pod", "一直", "pend"]),
        ("!? …", []),
    ],
)
def test_text_is_cut_into_words(text: str, cut: list[str]) -> None:
    assert words(text) == cut


def test_a_question_keeps_what_it_is_about_and_each_word_once() -> None:
    assert asked_words("How do I fix a pod that is Pending pending?") == ["fix", "pod", "pend"]
    assert asked_words("为什么内存不足？怎么办") == ["内存", "存不", "不足"]


def test_a_question_of_nothing_but_fillers_is_asked_as_it_stands() -> None:
    assert asked_words("what is it") == ["what", "is", "it"]


def test_chinese_is_told_from_english() -> None:
    assert is_chinese("checkout 为什么报错")
    assert not is_chinese("Why is checkout failing?")
