"""What is said when the base, its cache or what makes vectors does not do as it is asked."""

from core.sentences import Sentences

SENTENCES = Sentences("knowledge_base")
