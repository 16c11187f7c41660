"""Groups of commands that list when no command is given: `list` and `ls` say the same."""

from typing import Any

from typer.core import TyperGroup


class Listed(TyperGroup):
    """`midwatch channels list` is `midwatch channels`, with its options behind it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args[:1] in (["list"], ["ls"]) and args[0] not in self.commands:
            args = args[1:]
        return super().parse_args(ctx, args)
