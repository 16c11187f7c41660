"""What doors say of what they do not take."""

from core.sentences import Sentences

SENTENCES = Sentences("api")
