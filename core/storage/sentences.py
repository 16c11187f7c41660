"""What is said of rows that somebody else has."""

from core.sentences import Sentences

SENTENCES = Sentences("core.storage")
