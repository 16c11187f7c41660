"""A person's yes or no, typed as a message: for doors without buttons."""

import re

from agent.approvals import Decision

YES = ("approve", "批准", "同意")
NO = ("deny", "reject", "拒绝")
REPLY = re.compile(
    rf"\s*`?(?P<said>{'|'.join((*YES, *NO))})\s*[:：]?\s*(?P<id>apr_[\w-]{{1,64}})(?:\s+(?P<typed>\S+?))?`?\s*",
    re.IGNORECASE,
)


def decision_in(message: str) -> Decision | None:
    """The answer that the whole of `message` is, e.g. `approve apr_1f3a checkout`.

    It names what it answers: a bare yes could be to something else by the time it arrives.
    """
    found = REPLY.fullmatch(message)
    if found is None:
        return None
    approved = found["said"].lower() in YES
    return Decision(found["id"], approved, found["typed"] or "")
