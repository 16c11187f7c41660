"""Rules lead to pages and pages to rules; what is made from the pages is in step with them."""

import numpy as np
import pytest

from knowledge_base.bundled_model import BundledModel
from knowledge_base.prepared import prepared
from knowledge_base.relevance import LIKELY, likelihood
from mcp_servers.rca.runbooks import runbook_of
from tests.knowledge.test_runbooks import PAGES, RULES, parted
from tools.prepare_vectors import shipped_texts


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"words"}))
def test_a_rule_leads_to_the_page_that_names_it(rule: str) -> None:
    for language in ("en", "zh"):
        page = PAGES[runbook_of(rule, language).removeprefix("runbooks/")]
        assert rule in parted(page)[0].rules


def test_a_rule_of_the_house_has_no_shipped_page() -> None:
    assert runbook_of("custom.queue_too_long", "en") == ""


def test_every_shipped_text_has_its_vector_ready_and_it_is_the_models() -> None:
    texts, ready = shipped_texts(), prepared()
    assert [text for text in texts if ready.vector(text) is None] == []
    some = texts[:: len(texts) // 12]
    made = BundledModel().embed(some)
    kept = BundledModel(ready).embed(some)
    assert np.all(np.sum(made * kept, axis=1) > 0.999)


def test_nothing_found_is_no_answer() -> None:
    assert likelihood([]) == 0 < LIKELY
