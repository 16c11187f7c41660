"""Several models by settings: described under a name, then referred to."""

import os
from pathlib import Path

import pytest

from core.errors import Invalid
from core.settings import load


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("MIDWATCH_", "ANTHROPIC_", "OPENAI_")):
            monkeypatch.delenv(name)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


LOCAL = """ANTHROPIC_API_KEY=sk-first
OPENAI_API_KEY=sk-openai
MIDWATCH_LLM__MORE__LOCAL__MODEL=qwen3
MIDWATCH_LLM__MORE__LOCAL__BASE_URL=http://127.0.0.1:11434/v1
MIDWATCH_LLM__MORE__SMALL__PROVIDER=openai
"""


def test_other_models_are_described_under_a_name_and_referred_to(env_file: Path) -> None:
    lines = "MIDWATCH_LLM__FALLBACKS=Local, small\nMIDWATCH_LLM__SUBAGENTS__RAG=local\n"
    env_file.write_text(LOCAL + lines)
    llm = load(env_file=env_file).llm
    assert (llm.provider, llm.fallbacks, llm.subagents) == (
        "anthropic",
        ("local", "small"),
        {"rag": "local"},
    )
    assert (llm.more["local"].provider, llm.more["local"].model) == ("openai", "qwen3")


def test_a_model_without_a_name_of_its_own_is_a_good_one_of_its_provider(env_file: Path) -> None:
    env_file.write_text(LOCAL)
    assert load(env_file=env_file).llm.more["small"].model.startswith("gpt-")


def test_a_key_of_a_provider_is_never_sent_to_another_address(env_file: Path) -> None:
    env_file.write_text(LOCAL)
    more = load(env_file=env_file).llm.more
    assert more["small"].api_key.get_secret_value() == "sk-openai"
    assert more["local"].api_key.get_secret_value() == ""


def test_the_other_settings_of_the_group_stay(env_file: Path) -> None:
    env_file.write_text(LOCAL + "MIDWATCH_LLM__RETRIES=4\nMIDWATCH_LLM__REST_S=7\n")
    llm = load(env_file=env_file, llm={"timeout_s": 5}).llm
    assert (llm.retries, llm.rest_s, llm.timeout_s) == (4, 7, 5)
    assert set(llm.more) == {"local", "small"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("MIDWATCH_LLM__FALLBACKS=lokal", "FALLBACKS names the model 'lokal'.*one of: local"),
        ("MIDWATCH_LLM__SUBAGENTS__RAG=lokal", "SUBAGENTS__RAG names the model 'lokal'"),
        ("MIDWATCH_LLM__MORE__LOCAL__MODLE=x", "Did you mean MIDWATCH_LLM__MORE__LOCAL__MODEL"),
        ("MIDWATCH_LLM__MORE__LOCAL__BASE_URL=here", "must begin with http://"),
        ("MIDWATCH_LLM__MORE__LOCAL__PROVIDER=deepmind", "MIDWATCH_LLM__MORE__LOCAL__PROVIDER"),
        (
            "MIDWATCH_LLM__MORE__OTHER__PROVIDER=anthropic\nANTHROPIC_API_KEY=",
            r"MIDWATCH_LLM__MORE__OTHER__API_KEY \(or ANTHROPIC_API_KEY\) is required",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(env_file: Path, line: str, says: str) -> None:
    env_file.write_text(LOCAL + line + "\n")
    with pytest.raises(Invalid, match=says) as refused:
        load(env_file=env_file)
    assert "sk-" not in str(refused.value)
