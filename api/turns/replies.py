"""A person's yes or no, typed as a message: for doors without buttons."""

import re

from agent.approvals import Decision, why_not

YES = ("approve", "批准", "同意")
NO = ("deny", "reject", "拒绝")
# Identifiers are ASCII, so that Chinese may stand right behind one.
WHICH = r"\s*[:：]?\s*(?P<id>apr_[A-Za-z0-9_-]{1,64})"
SAYS_YES = re.compile(rf"(?:{'|'.join(YES)}){WHICH}(?:\s+(?P<typed>\S+))?", re.IGNORECASE)
SAYS_NO = re.compile(
    rf"(?:{'|'.join(NO)}){WHICH}`?[\s,，.。:：;；—-]*(?:(?:reason|原因|理由)[:：]\s*)?(?P<reason>.*)",
    re.IGNORECASE | re.DOTALL,
)


def decision_in(message: str) -> Decision | None:
    """The answer that the whole of `message` is, e.g. `approve apr_1f3a checkout`.

    It names what it answers: a bare yes could be to something else by the time it arrives. Behind a
    no there may be why; more words than a name behind a yes are no yes.
    """
    said = message.strip().strip("`")
    if yes := SAYS_YES.fullmatch(said):
        return Decision(yes["id"], approved=True, typed=yes["typed"] or "")
    if no := SAYS_NO.fullmatch(said):
        return Decision(no["id"], approved=False, reason=why_not(no["reason"].strip("`")))
    return None
