"""Who somebody in a chat service is here, and what they may see where they speak."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.wording import phrase
from api.sentences import SENTENCES
from core.errors import Forbidden
from core.principal import Permission, Principal
from core.security.permissions import READ, both, principal_of
from core.storage.database import Database
from core.storage.repositories.handles import Handles
from core.storage.repositories.users import Users


@dataclass(frozen=True, slots=True)
class People:
    """`namespaces` are those that a channel is about; a channel without any shows what its people may see."""

    database: Database
    service: str
    unmapped: str
    namespaces: Mapping[str, frozenset[str]]

    async def principal(self, handle: str, place: str) -> Principal:
        """Raises `Forbidden` for somebody who is not known, and for a user who may not come in.

        The service has checked who it is, so what they press or say is done by their own hand.
        """
        async with self.database.session() as session:
            name = await Handles(session).user_of(self.service, handle)
            user = await Users(session).find(name) if name else None
        if user is None:
            found = self._stranger(handle)
        elif user.disabled:
            raise SENTENCES.error(Forbidden, "user_disabled", name=user.name)
        else:
            found = replace(principal_of(user), present=True)
        seen = both(found.namespaces, self.namespaces.get(place))
        return replace(found, namespaces=seen, app=self.service)

    def _stranger(self, handle: str) -> Principal:
        if self.unmapped != "read":
            said = {
                language: phrase(
                    "bots.unknown_person", language, service=self.service, handle=handle
                )
                for language in ("en", "zh")
            }
            raise Forbidden(said["en"], texts=said)
        return Principal(
            subject=f"{self.service}:{handle}",
            roles=frozenset({"guest"}),
            permissions=READ | {Permission.CHAT_USE},
        )
