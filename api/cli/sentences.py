"""What commands say of what they cannot do."""

from core.sentences import Sentences

SENTENCES = Sentences("api.cli")
