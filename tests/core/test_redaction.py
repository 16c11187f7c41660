"""Secrets leave, everything else stays: both ways, for text and for data."""

import base64
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.redaction import _GATES, redact_fields, redact_text, secret_kind, signs_of_secrets

SECRET = "Tr0ub4dor&3x"
KEY_BODY = "MIIEpAIBAAKCAQEA7bq0pXw3JmJf0cV9\nq1Zk5yW0uTt2n8s4v6x8z0B2D4F6H8J0"
PRIVATE_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YSJ9.c2lnbmF0dXJlLW9m"

SHAPES = {
    "jwt": JWT,
    "jwt in base64": base64.b64encode(JWT.encode()).decode(),
    "private key": PRIVATE_KEY,
    "private key, cut": PRIVATE_KEY[:80],
    "private key on one line": PRIVATE_KEY.replace("\n", "\\n"),
    "private key in base64": base64.b64encode(PRIVATE_KEY.encode()).decode(),
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "gcp": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "github": "ghp_" + "a1B2" * 9,
    "gitlab": "glpat-" + "x1Y2z3A4b5C6d7E8f9G0",
    "slack": "xoxb-" + "123456789012-abcdefABCDEF",
    "anthropic": "sk-ant-" + "api03-aBcD1234efgh",
    "openai": "sk-" + "abcdefghijklmnopqrstuvwx12345678",
    "openai project": "sk-proj-" + "aB3-cd_EF45",
    "stripe": "sk_live_" + "51H8abcdefGHIJ",
    "midwatch": "mw_" + "Zk5yW0uTt2n8s4v6x8z0B2D4F6H8J0aa",
    "midwatch access": "mws_" + "eyJzdWIiOiJhbm4ifQ" + ".Zk5yW0uTt2n8s4v6x8z0B2D4",
    "azure": "abc8Q~" + "dE3" * 11,
    "slack webhook": "https://hooks.slack.com/services/T0AAAA/B0BBBB/cCcCdDdD",
    "feishu webhook": "https://open.feishu.cn/open-apis/bot/v2/hook/0aa0aa-11bb-22cc",
}

LABELLED = [
    "password={}",
    "DB_PASSWORD={}",
    "PGPASSWORD: {}",
    '"password": "{}"',
    "'passwd': '{}'",
    'apiVersion: v1 "client_secret":"{}","x":1',
    '{{\\"password\\":\\"{}\\"}}',
    "spring.datasource.password = {}",
    "token: {}",
    "access_token={}&next=1",
    "x-api-key: {}",
    "AWS_SECRET_ACCESS_KEY={}",
    "Authorization: Bearer {}",
    "Authorization: Basic {}",
    "Cookie: session={}; theme=dark",
    "set-cookie: sid={}; Path=/; HttpOnly",
    "postgresql://app:{}@db.shop:5432/orders?sslmode=require",
    "redis://:{}@cache:6379/0",
    "root:{}@tcp(mysql:3306)/shop",
    "Server=tcp:sql;User ID=sa;Password={};Encrypt=true",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=core",
    "mysqldump --password {} --host db",
    "- name: DB_PASSWORD\n  value: {}",
    '{{"name":"API_TOKEN","value":"{}"}}',
    "密码：{}，请妥善保管",
    "数据库口令是 {}",
    "令牌: {}",
    "the password is {}",
    "aws_session_token => {}",
    "İstanbul password={}",
]

ORDINARY = [
    "registry.example.com:5000/shop/checkout@sha256:" + "e3b0c44298fc1c14" * 4,
    "docker-pullable://nginx:1.25@sha256:" + "ab" * 32,
    "uid 123e4567-e89b-12d3-a456-426614174000",
    "commit 9f2c1e7a4b6d8f0a1c3e5b7d9f1a2c4e6b8d0f2a",
    "checkout-7d9f8c6b5-abcde OOMKilled, exit code 137",
    "pod/sk-runner-7d9f8c6b5-x2x9z and task-worker-5f6d7c8b9-qwert",
    "volumes: secret: {secretName: db-creds}",
    "tokenExpirationSeconds: 3607",
    "automountServiceAccountToken: false",
    'MountVolume.SetUp failed for volume "tls" : secret "shop-tls" not found',
    "couldn't find key DB_PASSWORD in ConfigMap shop/checkout-config",
    "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
    "valueFrom: secretKeyRef: {name: db, key: password}",
    "secret: db-creds",
    "password authentication failed for user app",
    "the password is incorrect",
    "token: expired",
    "input_tokens: 512, max_tokens=1000, token: 17",
    "PWD=/app/src",
    "--token-ttl=24h --service-account-key-file=/etc/kubernetes/pki/sa.key",
    "imagePullSecrets: [{name: regcred}]",
    "密码错误，登录失败",
    "密钥轮换完成",
    "http://checkout.shop.svc:8080/cart?id=42",
    "password: $(DB_PASSWORD) password=${PASSWORD} password: '***'",
    "Basic auth is off; Bearer authentication-required",
]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("around", ["{}", "before {} after", '"{}"', "x: {}\ny: 2", "({})"])
def test_a_secret_shape_leaves_wherever_it_stands(shape: str, around: str) -> None:
    redacted = redact_text(around.format(shape))
    assert "[redacted:" in redacted
    assert shape[-12:] not in redacted


@pytest.mark.parametrize("sentence", LABELLED)
def test_a_labelled_secret_leaves_and_its_label_stays(sentence: str) -> None:
    redacted = redact_text(sentence.format(SECRET))
    assert SECRET not in redacted
    assert "[redacted:" in redacted
    assert redacted.startswith(sentence.split("{")[0][:8])


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize("label", ["password={}", "DB_PASSWORD: {}", "私钥：{}", "--password {}"])
def test_a_key_of_many_lines_behind_a_label_leaves_whole(label: str) -> None:
    redacted = redact_text(label.format(PRIVATE_KEY) + " end")
    assert "MIIE" not in redacted
    assert "PRIVATE KEY" not in redacted
    assert redacted.endswith(" end")


def test_the_text_around_a_secret_stays_readable() -> None:
    text = 'login failed for "bob" password="a b\\"c", retry in 5s'
    assert redact_text(text) == 'login failed for "bob" password="[redacted:password]", retry in 5s'


def test_the_values_of_a_secret_manifest_leave_whatever_their_keys() -> None:
    yaml = "apiVersion: v1\nkind: Secret\ndata:\n  plain: aGVsbG8=\nstringData:\n  pin: '1234'\nmetadata:\n  name: pin\n"
    redacted = redact_text(yaml)
    assert "aGVsbG8=" not in redacted
    assert "1234" not in redacted
    assert "name: pin" in redacted


def test_the_config_map_beside_a_secret_keeps_its_values() -> None:
    yaml = "kind: Secret\ndata:\n  a: eA==\n---\nkind: ConfigMap\ndata:\n  mode: fast\n"
    assert redact_text(yaml) == yaml.replace("eA==", "[redacted:secret]")


def test_a_secret_in_the_last_applied_annotation_leaves() -> None:
    manifest = json.dumps(
        {"kind": "Secret", "metadata": {"name": "db"}, "data": {"plain": "aGVsbG8="}}
    )
    redacted = redact_fields({"annotations": {"last-applied-configuration": manifest}})
    assert "aGVsbG8=" not in str(redacted)
    assert json.loads(redacted["annotations"]["last-applied-configuration"])["metadata"] == {
        "name": "db"
    }


secrets = st.text(string.ascii_letters + string.digits + "!@#$%^*_+-.~", min_size=8, max_size=40).filter(
    lambda value: any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    and value.strip("*.!") == value and not value.startswith(("-", "$", "%"))
)  # fmt: skip
labels = st.sampled_from(
    ["password", "DB_PASSWORD", "clientSecret", "access_token", "api_key", "密码"]
)


@given(secrets, labels, st.sampled_from(["=", ": ", "：", ' = "', "='"]))
def test_no_generated_secret_survives_behind_its_label(
    value: str, label: str, separator: str
) -> None:
    closing = separator[-1] if separator[-1] in "\"'" else ""
    redacted = redact_text(f"start {label}{separator}{value}{closing} end")
    assert value not in redacted
    assert redacted.startswith(f"start {label}")
    assert redacted.endswith(" end")


@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@given(st.lists(st.sampled_from([*LABELLED, *ORDINARY, *SHAPES.values()]), max_size=6))
def test_redacting_a_mixture_twice_changes_nothing_more(parts: list[str]) -> None:
    once = redact_text("\n".join(part.replace("{}", SECRET) for part in parts))
    assert SECRET not in once
    assert redact_text(once) == once


@given(st.lists(st.sampled_from([*LABELLED, *ORDINARY, *SHAPES.values()]), max_size=3), st.text())
def test_a_text_that_loses_something_was_suspected(parts: list[str], more: str) -> None:
    text = more + "\n".join(part.replace("{}", SECRET) for part in parts)
    assert signs_of_secrets(text) or redact_text(text) == text


def test_most_ordinary_data_is_not_suspected() -> None:
    pod = {
        "name": "checkout-7d9f8c6b5-abcde",
        "reason": "OOMKilled",
        "message": "Back-off restarting",
    }
    assert not signs_of_secrets(json.dumps(pod))


@given(st.lists(st.sampled_from([*LABELLED, *ORDINARY, *SHAPES.values()]), max_size=5))
def test_strings_in_data_are_redacted_as_they_are_alone(parts: list[str]) -> None:
    texts = [part.replace("{}", SECRET) for part in parts]
    given_data = {"lines": texts, "nested": [{"text": text} for text in texts]}
    alone = [redact_text(text) for text in texts]
    assert redact_fields(given_data) == {
        "lines": alone,
        "nested": [{"text": text} for text in alone],
    }


hexadecimal = st.text("0123456789abcdef", min_size=8, max_size=64)
names = st.from_regex(r"[a-z]([a-z0-9]{0,8})(-[a-z0-9]{1,10}){0,3}", fullmatch=True)


@given(names, hexadecimal, st.uuids(), st.integers(0, 10**9))
def test_generated_names_digests_and_numbers_stay(
    name: str, digest: str, uid: Any, number: int
) -> None:
    text = (
        f"pod shop/{name}-{digest[:10]} image {name}@sha256:{digest} uid={uid} commit {digest[:12]} "
        f'restarted {number} times; secret "{name}" not found; secretName: {name}; tokens: {number}'
    )
    assert redact_text(text) == text


def test_fields_are_hidden_by_their_name() -> None:
    given_fields = {
        "password": "p",
        "db_token": "t",
        "apiKey": "k",
        "secretName": "db",
        "tokenExpirationSeconds": 3600,
        "secret": {"secretName": "db-creds"},
        "tokens": 5,
        "token": None,
        "key": "password",
    }
    assert redact_fields(given_fields) == given_fields | {
        "password": "[redacted:password]",
        "db_token": "[redacted:token]",
        "apiKey": "[redacted:key]",
    }


def test_the_data_of_a_secret_is_hidden_and_its_keys_stay() -> None:
    secret = {
        "kind": "Secret",
        "metadata": {"name": "db"},
        "data": {"user": "YQ=="},
        "type": "Opaque",
    }
    assert redact_fields(secret) == secret | {"data": {"user": "[redacted:secret]"}}


def test_an_environment_and_arguments_are_hidden_by_what_they_name() -> None:
    container = {
        "env": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "MODE", "value": "fast"}],
        "args": ["--password", "hunter2", "--token-file", "/run/t"],
    }
    assert redact_fields(container) == {
        "env": [
            {"name": "DB_PASSWORD", "value": "[redacted:password]"},
            {"name": "MODE", "value": "fast"},
        ],
        "args": ["--password", "[redacted:password]", "--token-file", "/run/t"],
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | names,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(names, below, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_data_without_secrets_keeps_its_shape_and_values(data: Any) -> None:
    assert redact_fields(data) == data


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("DB_PASSWORD", "password"),
        ("MYSQL_PASS", "password"),
        ("clientSecret", "secret"),
        ("client-key-data", "key"),
        (".dockerconfigjson", "key"),
        ("authorization", "credential"),
        ("compass", ""),
        ("secretKeyRef", ""),
        ("passwordPolicy", ""),
    ],
)
def test_the_end_of_a_name_says_whether_it_holds_a_secret(name: str, kind: str) -> None:
    assert secret_kind(name) == kind


@given(
    st.lists(st.sampled_from(_GATES) | st.text(st.characters(exclude_categories=()), max_size=3))
)
def test_the_signs_are_those_that_stand_in_the_text_half_characters_or_not(
    parts: list[str],
) -> None:
    for text in ("".join(parts), "".join(parts).upper()):
        assert signs_of_secrets(text) == tuple(one for one in _GATES if one in text.lower())
