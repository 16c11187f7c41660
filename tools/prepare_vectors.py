"""Make the vectors of the shipped pages: `knowledge_base/prepared.npz`.

    python -m tools.prepare_vectors

To be run after pages were changed: what is missing in the file is made by the first question instead.
"""

from knowledge_base.bundled_model import MAX_CHARACTERS, BundledModel
from knowledge_base.chunking import document
from knowledge_base.index.indexed_words import embedded_text, names_of
from knowledge_base.ingest import SHIPPED
from knowledge_base.prepared import FILE, write
from knowledge_base.reading.folders import found_in


def main() -> None:
    texts = shipped_texts()
    write(texts, BundledModel().embed(texts))
    print(f"{FILE}: {len(texts)} texts, {FILE.stat().st_size} bytes")


def shipped_texts() -> list[str]:
    """All that is embedded of the shipped pages, each text once."""
    pages = [document(one.doc, one.read()) for one in found_in(SHIPPED, prefix="runbooks/")]
    told = [embedded_text(passage) for page in pages for passage in page.passages]
    names = [name for page in pages for name in names_of(page)]
    return list(dict.fromkeys(text[:MAX_CHARACTERS] for text in (*told, *names)))


if __name__ == "__main__":
    main()
