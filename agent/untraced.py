"""LangChain without LangSmith and its HTTP library, LangGraph without the client of its hosted service.

They are imported eagerly by the libraries this room stands on, for work that Midwatch never does:
sending questions about clusters to a third party. What is asked of them here is "is tracing on?", and
the answer is no. Saves a tenth of start-up and 18 MiB (docs/decisions/0006-libraries-that-stay-out.md).
"""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from core.absent import in_name_only, put_off

CONTEXT = ("parent", "project_name", "tags", "metadata", "enabled", "client", "replicas")

# The modules that name them.
NAMING = (
    "langchain_core.utils.utils",
    "langchain_core.tracers.langchain",
    "langchain_core.language_models.chat_models",
    "langchain_core.tools.base",
    "langgraph.stream.transformers",
)


class Unused:
    """Stands where a class is named and never made."""


def no_context() -> dict[str, Any]:
    """A tracing context in which nothing is traced."""
    return dict.fromkeys(CONTEXT)


def nothing(*_: Any, **__: Any) -> None:
    """There is no run, no client and no project."""


def never() -> bool:
    return False


RUN: dict[str, Callable[..., Any]] = {
    "get_tracing_context": no_context,
    "_set_tracing_context": nothing,
    "get_current_run_tree": nothing,
}
LANGSMITH: dict[str, dict[str, Any]] = {
    "langsmith": {"Client": Unused, "RunTree": Unused, **RUN},
    "langsmith.run_helpers": RUN,
    "langsmith.run_trees": {"_CLIENT": None, "RunTree": Unused, "get_cached_client": nothing},
    "langsmith.utils": {
        "LangSmithError": ConnectionError,
        "tracing_is_enabled": never,
        "get_tracer_project": nothing,
    },
    "langsmith.address": {"AgentAddress": Unused, "ensure_agent": nothing},
}


def leave_out() -> None:
    """Do it once, before the first import of LangChain; whoever loaded the real ones keeps them."""
    if "langsmith" not in sys.modules:
        for name, members in LANGSMITH.items():
            _place(name, members)
    sdk = find_spec("langgraph_sdk")
    if "langgraph_sdk" not in sys.modules and sdk is not None:
        # Its type definitions are needed, and load from their own files; the client does not.
        package = _place("langgraph_sdk", {})
        package.__path__ = list(sdk.submodule_search_locations or ())


def put_off_http() -> None:
    """Do it before LangChain is imported: it names what hosted integrations, tracing and old models need.

    Whichever module doors name first does it; those after it find it done.
    """
    if "langchain_core.utils.utils" in sys.modules:
        return
    with (
        put_off("requests", "HTTPError", "Response"),
        put_off("jsonpatch"),
        in_name_only(
            "tenacity", "pydantic.v1", "langchain_protocol", "langchain_protocol.protocol"
        ),
    ):
        for name in NAMING:
            import_module(name)


def _place(name: str, members: dict[str, Any]) -> ModuleType:
    module = ModuleType(name, "A stand-in, see agent/untraced.py.")
    vars(module).update(members, __path__=[])
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
    return module
