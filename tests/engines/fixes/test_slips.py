"""What is a name misspelt, and what is the name of another thing."""

import pytest

from mcp_servers.engines.fixes.slips import is_slip, renamed, slips

SLIPS = [
    ("dispatcher-setting", "dispatcher-settings"),
    ("web-confg", "web-config"),
    ("web-config", "web-settings"),
    ("orders", "orders-config"),
    ("db-pasword", "db-password"),
    ("DB_HOST", "DB_HOSTNAME"),
    ("DBHOST", "DB_HOST"),
    ("RANKING_MODEL", "RANKER_MODEL"),
    ("sdd", "ssd"),
    ("payments-worker", "worker-payments"),
]
OTHER_THINGS = [
    ("orders-db-prod", "orders-db-stage"),
    ("worker-eu", "worker-us"),
    ("cache-1", "cache-2"),
    ("settings-v1", "settings-v2"),
    ("DB_HOST", "DB_PORT"),
    ("DB_USER", "DB_PASSWORD"),
    ("tls-key", "tls-cert"),
    ("pg-primary", "pg-replica"),
    ("app-blue", "app-green"),
    ("eu-west-1a", "eu-west-1b"),
    ("mail-public", "mail-private"),
    ("billing", "shipping"),
    ("ca-root", "ca-admin"),
]


@pytest.mark.parametrize(("asked", "known"), SLIPS)
def test_one_word_spelt_twice_is_a_slip_in_both_directions(asked: str, known: str) -> None:
    assert is_slip(asked, known)
    assert is_slip(known, asked)


@pytest.mark.parametrize(("asked", "known"), OTHER_THINGS)
def test_numbers_and_telling_words_make_another_thing(asked: str, known: str) -> None:
    assert not is_slip(asked, known)
    assert not is_slip(known, asked)


def test_of_near_names_only_slips_come_into_question() -> None:
    assert slips("orders-db", ["orders-dbs", "orders-db-2", "orders-db-prod", "users-db"]) == [
        "orders-dbs"
    ]
    assert slips("orders-db", ["orders-db"]) == []


def test_a_key_may_have_been_given_one_word_more() -> None:
    keys = ["RANKING_MODEL_ID", "RANKING_MODEL_2", "RANKING_MODEL_HOST", "SHARD_COUNT"]
    assert renamed("RANKING_MODEL", keys) == ["RANKING_MODEL_ID"]
    assert renamed("RANKING_MODEL_ID", ["RANKING_MODEL"]) == ["RANKING_MODEL"]
    assert renamed("POINTS_RATE", ["POINTS_RATIO", "POINTS_EXPIRY"]) == ["POINTS_RATIO"]
    assert not is_slip("api-prod", "api-proxy")
    assert renamed("DB_HOST", ["DB_PORT", "DB_NAME"]) == []


def test_a_key_may_be_called_by_another_word_for_the_same_thing() -> None:
    keys = ["FONT_PATH", "DPI", "PAPER_SIZE", "FONT_SIZE"]
    assert renamed("FONT_DIR", keys) == ["FONT_PATH"]
    assert renamed("database.password", ["db.password", "db.user"]) == ["db.password"]
    assert renamed("LOG_LVL", ["LOG_LEVEL", "LOG_PATH"]) == ["LOG_LEVEL"]


def test_another_word_for_another_thing_is_another_key() -> None:
    assert renamed("API_URL", ["API_ADDRESS", "API_PATH"]) == []
    assert renamed("DIR", ["PATH"]) == []
    assert renamed("FONT_DIR", ["CACHE_PATH", "FONT_NAME"]) == []
    assert renamed("CACHE_MAX", ["CACHE_MIN"]) == []
    assert renamed("SOURCE_DIR", ["TARGET_PATH"]) == []
