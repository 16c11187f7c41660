"""What is said of questions and facts that are not taken."""

from core.sentences import Sentences

SENTENCES = Sentences("agent")
