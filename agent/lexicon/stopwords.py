"""English words that are never the name of an object, however much they look like one."""

from importlib.resources import files


def _words(name: str) -> frozenset[str]:
    text = files("agent.lexicon").joinpath(f"{name}.txt").read_text("utf-8")
    return frozenset(text.split())


STOPWORDS = _words("stopwords") | _words("spellings")

# Of these, what some services are called: a name where a sentence leaves no doubt.
AMBIGUOUS = _words("ambiguous")

# Words that are no name of anything, not even alone.
FUNCTION_WORDS = _words("function_words")

# Words in -ing that services and namespaces are called.
CALLED_SO = _words("called_so")
