"""A PDF → its text, page after page."""

import io
import logging

from core.errors import Invalid, TooLarge
from knowledge_base.sentences import SENTENCES

MAX_PAGES = 2_000


def markdown_of_pdf(content: bytes) -> str:
    """Raises `Invalid` for what is no PDF, is encrypted, or holds pictures of text only."""
    # Loaded here: most installations never see a PDF.
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise SENTENCES.error(Invalid, "pdf_encrypted")
        if len(reader.pages) > MAX_PAGES:
            raise SENTENCES.error(TooLarge, "pdf_long", limit=MAX_PAGES)
        texts = [page.extract_text().strip() for page in reader.pages]
    # A damaged file makes the library stumble in ways that it has no name for.
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SENTENCES.error(Invalid, "pdf_broken", why=str(error).rstrip(".")) from error
    if not any(texts):
        raise SENTENCES.error(Invalid, "pdf_scanned")
    return "\n\n".join(f"## Page {n}\n\n{text}" for n, text in enumerate(texts, 1) if text)
