"""What is said of credentials that are not taken."""

from core.sentences import Sentences

SENTENCES = Sentences("core.security")
