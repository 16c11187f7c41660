"""A document is cut at its headings, and nothing of it is lost."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.chunking import MAX_WHOLE_CHARACTERS, passages

PAGE = """---
owner: platform
---
# Disk full

Intro.

## Check

Look at `df`.

```sh
# not a heading
df -h
```

### Inodes

Count them.

## Fix

Delete.
"""


def test_each_passage_knows_its_headings() -> None:
    found = [(passage.heading, passage.text.split()[0]) for passage in passages("disk.md", PAGE)]
    assert found == [
        ("", "Intro."),
        ("Check", "Look"),
        ("Check › Inodes", "Count"),
        ("Fix", "Delete."),
    ]
    assert {passage.title for passage in passages("disk.md", PAGE)} == {"Disk full"}


def test_a_comment_in_code_is_no_heading() -> None:
    check = passages("disk.md", PAGE)[1]
    assert "# not a heading" in check.text


def test_the_stated_title_goes_first_then_the_heading_then_the_name() -> None:
    assert passages("a.md", "---\ntitle: 'Told'\n---\n# Other\nx")[0].title == "Told"
    assert passages("a.md", "text\n## Only\nx")[0].title == "Only"
    assert passages("how/to-drain_a-node.md", "text")[0].title == "to drain a node"


def test_a_long_section_is_cut_between_paragraphs() -> None:
    paragraph = "word " * 150
    found = passages("a.md", f"# T\n\n{paragraph}\n\n{paragraph}\n\n{paragraph}")
    assert [passage.text for passage in found] == [paragraph.strip()] * 3


def test_a_document_without_text_has_no_passages() -> None:
    assert passages("a.md", "# Title\n\n## Empty\n") == []


@given(st.text(alphabet="ab #`\n内。*", max_size=4_000))
def test_no_letter_is_lost_and_no_passage_is_long(markdown: str) -> None:
    found = passages("a.md", markdown)
    assert all(0 < len(passage.text) <= MAX_WHOLE_CHARACTERS for passage in found)
    told = "".join(passage.text + passage.heading + passage.title for passage in found)
    lines = [line for line in markdown.splitlines() if not line.lstrip().startswith("#")]
    assert all(letter in told for letter in "ab内" if any(letter in line for line in lines))
