"""What importing costs: provider packages and LangGraph only where and when they are used."""

import subprocess
import sys

import pytest

PROVIDERS = {"langchain_anthropic", "langchain_openai", "anthropic", "openai"}
GRAPHS = {"langgraph", "langchain_core", "langchain", "mcp"}


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240
    )
    return set(told.stdout.split())


def test_the_graph_is_imported_without_any_provider_package() -> None:
    assert not loaded_by("import agent.graph") & PROVIDERS


def test_the_langchain_package_is_never_loaded() -> None:
    assert "langchain" not in loaded_by("import agent.graph")


@pytest.mark.parametrize("module", ["agent.events", "agent.intents", "agent.models"])
def test_what_doors_import_at_start_is_light(module: str) -> None:
    assert not loaded_by(f"import {module}") & (PROVIDERS | GRAPHS)


def test_the_offline_planner_needs_no_provider_package() -> None:
    opening = "from agent.models import ModelChoice, built_speaker; built_speaker(ModelChoice())"
    assert not loaded_by(opening) & PROVIDERS
