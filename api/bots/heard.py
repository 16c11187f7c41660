"""One message of a person in a chat service."""

from dataclasses import dataclass

from agent.intents import Language, language_of


@dataclass(frozen=True, slots=True)
class Heard:
    """`thread` is the service's own id of where it belongs, `place` of the channel or chat."""

    id: str
    person: str
    place: str
    thread: str
    text: str

    @property
    def language(self) -> Language:
        return language_of(self.text)
