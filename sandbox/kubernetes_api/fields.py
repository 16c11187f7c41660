"""Reading fields that may be absent, under the name the API has always used for it."""

from sandbox.fields import at, entries, number, section, texts, values

__all__ = ["at", "entries", "number", "section", "texts", "values"]
