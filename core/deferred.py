"""Data models are built when they are first used, not when their module is imported."""

from contextlib import suppress

from core.absent import leave_out


def build_models_on_first_use() -> None:
    """Make `defer_build` pydantic's default; a model or library that says otherwise keeps its way.

    Our libraries define 700 models, of which a running service uses a tenth: building all was a fifth
    of the CPU until ready. The option is documented for one model at a time and has no switch for the
    whole process; this sets the table that it falls back to. A pydantic without that table builds
    them at once, which costs time and nothing else.
    """
    with suppress(ImportError, AttributeError):
        from pydantic._internal import _config  # pyright: ignore[reportPrivateUsage]

        _config.config_defaults["defer_build"] = True
    # Libraries ask of every type whether it is a model of pydantic's first version: none is.
    leave_out("pydantic.v1")
