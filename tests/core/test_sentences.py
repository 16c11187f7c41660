"""What is said to people is said in every language, by whatever it is filled with."""

from string import Formatter

import pytest

from core.errors import Conflict, from_code
from core.security.audit import WORDS as OF_AUDIT
from core.sentences import LANGUAGES, Said, Sentences
from core.storage.sentences import SENTENCES as OF_STORAGE
from mcp_servers.alerting.sentences import SENTENCES as OF_ALERTS
from mcp_servers.autofix.refusing import SENTENCES as OF_REPAIRS
from mcp_servers.autofix.reporting import WORDS as OF_REPORTS
from mcp_servers.backends.sentences import SENTENCES as OF_SYSTEMS
from mcp_servers.sentences import SENTENCES as OF_CALLS

ALL = [OF_STORAGE, OF_REPAIRS, OF_ALERTS, OF_SYSTEMS, OF_CALLS, OF_REPORTS, OF_AUDIT]


def filled_by(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("catalogue", ALL, ids=lambda one: one.package)
def test_every_language_has_the_same_sentences_filled_by_the_same(catalogue: Sentences) -> None:
    english, chinese = (catalogue.keys(one) for one in LANGUAGES)
    assert list(english) == list(chinese)
    for key, entry in english.items():
        for part in ("message", "hint"):
            other = chinese[key].get(part, "")
            assert filled_by(entry.get(part, "")) == filled_by(other), key
            assert entry.get(part, "").isascii() or "…" in entry[part], key


def test_an_error_is_told_in_the_language_of_whoever_reads_it() -> None:
    error = OF_REPAIRS.error(Conflict, "carried_out", plan="fix-1", status="x", change="chg-1")
    assert str(error).startswith("fix-1 was carried out already")
    assert error.told("zh").startswith("fix-1 已经执行过")
    assert error.told("xx") == str(error)
    assert error.reason == "carried_out"


def test_what_fills_a_sentence_is_told_in_the_same_language() -> None:
    inner = OF_REPAIRS.error(Conflict, "not_approved", plan="fix-1")
    outer = OF_REPAIRS.said("api_refused", why=inner)
    assert outer.told("zh") == "API 服务器拒绝了请求：fix-1 尚未获得批准。需由有权批准的人员批准。"
    assert "not approved" in outer.told("en")


def test_braces_in_a_name_are_not_read_as_a_place_to_fill() -> None:
    assert "{object}" in OF_REPAIRS.said("object_gone", object="{object}").told("en")


def test_an_error_crosses_a_wire_with_all_its_words() -> None:
    error = OF_REPAIRS.error(Conflict, "expired", plan="fix-1")
    again = from_code(**error.fields())
    assert type(again) is Conflict
    assert again.fields() == error.fields()


def test_sentences_follow_one_another_as_each_language_writes_them() -> None:
    told = OF_REPAIRS.said("still_there") + OF_REPAIRS.said("leaves_nothing")
    assert (
        told.told("en") == "The finding is still there. It leaves nothing that could be taken back."
    )
    assert told.told("zh") == "问题依然存在。没有留下需要回退的内容。"
    assert Said() + OF_REPAIRS.said("unsettled") == OF_REPAIRS.said("unsettled")
