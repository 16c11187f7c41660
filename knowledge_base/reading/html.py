"""HTML → Markdown: what a reader sees, and nothing that a browser would run."""

import re
from html.parser import HTMLParser

_UNSEEN = frozenset(
    ("script", "style", "template", "noscript", "head", "nav", "footer", "iframe", "object", "svg")
)
# What exports of Confluence and MediaWiki put around a page, by the names that they give it.
_AROUND = frozenset(
    ("breadcrumb-section", "breadcrumbs", "page-metadata", "footer", "footer-body", "greybox",
     "mw-navigation", "mw-panel", "mw-head", "mw-jump-link", "mw-editsection", "printfooter", "catlinks")
)  # fmt: skip
_ROLES = frozenset(("navigation", "contentinfo", "search"))
_PARAGRAPHS = frozenset(
    ("p", "div", "section", "article", "main", "ul", "ol", "dl", "dt", "dd", "blockquote", "header")
)
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
# What stands where an element begins.
_MARKS = {"pre": "\n\n```\n", "li": "\n- ", "br": "\n", "table": "\n\n", "code": "`"}
# Elements without an end, which cannot be left again.
_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "col", "wbr", "embed", "source"))
_SPACES = re.compile(r"[ \t\n\r\f\v]+")


def markdown_of_html(text: str) -> str:
    """Headings, paragraphs, lists, tables, listings and the title of the page."""
    page = _Page()
    page.feed(text)
    page.close()
    return page.markdown()


class _Page(HTMLParser):
    """Collects the text; broken markup costs at worst a line break."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._unseen: list[str] = []
        self._listing = 0
        self._title: list[str] | None = None
        self._named = ""
        self._cells: list[str] | None = None
        self._header_due = False

    def markdown(self) -> str:
        body = re.sub(r"\n{3,}", "\n\n", "".join(self._out)).strip()
        heading = f"# {self._named}\n\n"
        return heading + body if self._named and not body.startswith("# ") else body

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self._named:
            self._title = []
        elif self._leads_out_of_sight(tag, attrs):
            self._unseen.append(tag)
        elif not self._unseen:
            self._open(tag)

    def _leads_out_of_sight(self, tag: str, attrs: list[tuple[str, str | None]]) -> bool:
        if self._unseen and tag == self._unseen[-1]:
            return True
        return tag in _UNSEEN or (tag not in _VOID and (_hidden(attrs) or _is_around(attrs)))

    def _open(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._put(f"\n\n{'#' * _HEADINGS[tag]} ")
        elif tag in _MARKS and (tag != "code" or not self._listing):
            self._put(_MARKS[tag] if self._cells is None else " ")
        elif tag in _PARAGRAPHS and self._cells is None:
            self._put("\n\n")
        elif tag in ("tr", "td", "th"):
            self._open_cell(tag)
        self._listing += tag == "pre"
        self._header_due = self._header_due or tag == "table"

    def _open_cell(self, tag: str) -> None:
        if tag == "tr":
            self._cells = []
        elif self._cells is not None:
            self._cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._title is not None:
            self._named = _SPACES.sub(" ", "".join(self._title)).strip()
            self._title = None
        elif self._unseen:
            if tag == self._unseen[-1]:
                self._unseen.pop()
        else:
            self._close(tag)

    def _close(self, tag: str) -> None:
        if tag == "pre" and self._listing:
            self._listing -= 1
            self._put("\n```\n\n")
        elif tag == "code" and not self._listing:
            self._put("`")
        elif tag == "tr" and self._cells is not None:
            self._end_row(self._cells)
        elif (tag in _HEADINGS or tag in _PARAGRAPHS) and self._cells is None:
            self._put("\n\n")

    def _end_row(self, cells: list[str]) -> None:
        self._cells = None
        told = [_SPACES.sub(" ", cell).strip().replace("|", "/") for cell in cells]
        self._put(f"| {' | '.join(told)} |\n")
        if self._header_due:
            self._put(f"|{'---|' * max(len(told), 1)}\n")
            self._header_due = False

    def handle_data(self, data: str) -> None:
        if self._title is not None:
            self._title.append(data)
        elif not self._unseen:
            self._put_prose(data)

    def _put_prose(self, data: str) -> None:
        text = data if self._listing else _SPACES.sub(" ", data)
        begins_line = self._cells is None and (not self._out or self._out[-1].endswith("\n"))
        self._put(text.lstrip() if begins_line and not self._listing else text)

    def _put(self, text: str) -> None:
        if self._cells is None:
            self._out.append(text)
        elif self._cells:
            self._cells[-1] += text


def _is_around(attrs: list[tuple[str, str | None]]) -> bool:
    """What leads through a wiki and says nothing of its own."""
    named = dict(attrs)
    names = {named.get("id") or "", *(named.get("class") or "").split()}
    return not _AROUND.isdisjoint(names) or named.get("role") in _ROLES


def _hidden(attrs: list[tuple[str, str | None]]) -> bool:
    """Text that the author shows to programs alone is not what the page says."""
    named = dict(attrs)
    style = _SPACES.sub("", named.get("style") or "").lower()
    return "hidden" in named or "display:none" in style or "visibility:hidden" in style
