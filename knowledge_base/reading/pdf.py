"""A PDF → its text, page after page."""

import io
import logging

from core.errors import Invalid, TooLarge

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
            raise Invalid("It is an encrypted PDF.", hint="Save it without a password.")
        if len(reader.pages) > MAX_PAGES:
            raise TooLarge(f"It is a PDF of over {MAX_PAGES} pages.", hint="Split it.")
        texts = [page.extract_text().strip() for page in reader.pages]
    # A damaged file makes the library stumble in ways that it has no name for.
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Invalid(f"It cannot be read as a PDF: {error}.") from error
    if not any(texts):
        raise Invalid(
            "It is a PDF without text, probably scanned pages.", hint="Run OCR over it first."
        )
    return "\n\n".join(f"## Page {n}\n\n{text}" for n, text in enumerate(texts, 1) if text)
