"""What is answered as a page of Markdown."""

from fastapi.responses import PlainTextResponse


class Markdown(PlainTextResponse):
    media_type = "text/markdown"
