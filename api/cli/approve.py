"""`midwatch approve`: the yes or no that a conversation waits for."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.ask import AnswerFormat, code_of, go_on_here, print_answer
from api.cli.outcome import finish
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption, Source, with_source
from core.errors import Invalid

if TYPE_CHECKING:
    from agent.approvals import Decision


@with_source
def approve(
    approval: Annotated[
        str, typer.Argument(metavar="ID", help="What is waited for, as it was told: apr_….")
    ],
    deny: Annotated[bool, typer.Option("--deny", help="Say no instead.")] = False,
    reason: Annotated[str, typer.Option(help="With --deny: why not; it is kept.")] = "",
    typed: Annotated[str, typer.Option(help="The name that confirms a high risk.")] = "",
    thread: Annotated[str, typer.Option(help="Its conversation; needed without --server.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Say yes to a change that a conversation waits to make; it then goes on."""
    from agent.approvals import Decision, why_not

    if reason and not deny:
        raise SENTENCES.error(Invalid, "reason_for_a_yes")
    said = Decision(approval, not deny, typed, why_not(reason))
    finish(_approve(said, thread, output, source))


async def _approve(said: "Decision", thread: str, output: Output, source: Source) -> int:
    from api.cli import remote

    if source.server:
        shape = await remote.answer_approval(source, said)
    elif thread:
        shape = await go_on_here(thread, [said], source)
    else:
        raise SENTENCES.error(Invalid, "no_thread")
    print_answer(shape, AnswerFormat(output), source)
    return code_of(shape)
