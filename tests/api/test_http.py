"""What every route has in common: credentials, problem documents, headers, its description."""

import re
from typing import Any

import pytest

from tests.api.conftest import Midwatch, Stage

OPEN = {
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/version"),
    ("get", "/login"),
    ("get", "/auth/ways"),
    ("post", "/auth/token"),
    ("post", "/auth/refresh"),
    ("post", "/auth/session"),
    ("post", "/auth/logout"),
}


async def description(stage: Stage) -> dict[str, Any]:
    async with stage.client("") as http:
        return (await http.get("/openapi.json")).json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


async def test_nothing_but_the_open_routes_answers_without_a_credential(stage: Stage) -> None:
    document = await description(stage)
    async with stage.client("") as http:
        for method, path, _ in operations(document):
            if (method, path) in OPEN:
                continue
            address = path.replace("{", "").replace("}", "")
            response = await http.request(method, address, json={})
            assert (path, response.status_code) == (path, 401)
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert response.json()["code"] == "unauthenticated"


async def test_every_operation_says_what_it_does(stage: Stage) -> None:
    document = await description(stage)
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        problems = operation["responses"]["401"]["content"]
        pages = {"text/html"} if path == "/login" else set[str]()
        assert set(problems) == {"application/problem+json"} | pages
        if (method, path) not in OPEN:
            assert operation["security"], path
    assert set(document["components"]["securitySchemes"]) == {"bearer", "session", "password"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/nowhere", None, 404, "not_found"),
        ("DELETE", "/api/v1/query", None, 405, "method_not_allowed"),
        ("GET", "/api/v1/query", None, 405, "method_not_allowed"),
        ("GET", "/auth/token", None, 405, "method_not_allowed"),
        ("POST", "/api/v1/nowhere", {}, 404, "not_found"),
        ("GET", "/api/v1/threads/", None, 404, "not_found"),
        ("POST", "/api/v1/query", {}, 422, "invalid"),
        ("POST", "/api/v1/query", {"question": "   "}, 422, "invalid"),
        ("POST", "/api/v1/query", {"question": "x" * 8_001}, 422, "invalid"),
        ("POST", "/api/v1/query", {"question": "x", "thread_id": "../.."}, 422, "invalid"),
        ("POST", "/agui", {"messages": []}, 422, "invalid"),
        ("POST", "/agui", {"messages": [{"role": "user", "content": 7}]}, 422, "invalid"),
        ("GET", "/api/v1/threads/unknown", None, 404, "not_found"),
        ("GET", "/api/v1/threads?cursor=bad", None, 422, "invalid"),
        ("POST", "/api/v1/runs/unknown/cancel", None, 404, "not_found"),
        ("POST", "/api/v1/tools/kubernetes_nothing", {}, 404, "not_found"),
        ("POST", "/api/v1/users", {"name": "x", "role": "king"}, 422, "invalid"),
    ],
)
async def test_every_refusal_is_a_problem_document(
    stage: Stage, method: str, path: str, body: Any, status: int, code: str
) -> None:
    async with stage.client() as http:
        response = await http.request(method, path, json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:midwatch:problem:{code}"
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]


async def test_a_body_that_is_no_json_is_refused_in_words(stage: Stage) -> None:
    async with stage.client() as http:
        headers = {"Content-Type": "application/json"}
        response = await http.post("/api/v1/query", content=b"{", headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


async def test_a_body_without_bound_is_refused(stage: Stage) -> None:
    async with stage.client() as http:
        response = await http.post("/agui", content=b"x" * 5_000_000)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


async def test_a_problem_has_a_chinese_title_for_a_chinese_reader(stage: Stage) -> None:
    async with stage.client(**{"Accept-Language": "zh-CN,zh;q=0.9"}) as http:
        assert (await http.get("/api/v1/threads/unknown")).json()["title"] == "未找到"


async def test_a_request_id_is_kept_when_it_is_one(stage: Stage) -> None:
    async with stage.client() as http:
        given = await http.get("/livez", headers={"X-Request-Id": "trace-1"})
        made = await http.get("/livez", headers={"X-Request-Id": "two words"})
    assert given.headers["x-request-id"] == "trace-1"
    assert made.headers["x-request-id"] != "two words"


async def test_the_page_comes_with_a_strict_policy(stage: Stage) -> None:
    async with stage.client("") as http:
        page = await http.get("/")
        module = await http.get("/app.mjs")
        vendored = await http.get("/vendor/preact.mjs")
        outside = await http.get("/../pyproject.toml")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe" not in policy
    assert "/vendor/preact.mjs?v=" in page.text
    assert module.headers["content-type"].startswith("text/javascript")
    assert module.headers["cache-control"] == "no-cache"
    assert "immutable" in vendored.headers["cache-control"]
    assert outside.status_code == 404


async def test_requests_and_turns_are_counted(stage: Stage) -> None:
    async with stage.client() as http:
        await http.post("/api/v1/query", json={"question": "Why?"})
        text = (await http.get("/metrics")).text
    assert 'midwatch_turns_total{status="done",subagent="rca"} 1.0' in text
    assert 'route="/api/v1/query"' in text


async def test_every_route_can_be_read_about_without_another_site(stage: Stage) -> None:
    async with stage.client("") as http:
        page = await http.get("/docs")
        document = (await http.get("/openapi.json")).json()
    assert page.status_code == 200
    assert all(path in page.text for path in document["paths"])
    assert "<code>question</code> (body, required)" in page.text
    assert "<script" not in page.text
    # Examples name addresses in their text; nothing is loaded from one, and nothing leads there.
    assert not re.search(
        r"""<[^>]*\b(?:src|href|action|data)\s*=\s*["']?\w*:?//|url\(|@import""", page.text
    )


# What other people's clients send is theirs to extend.
EXTENDED = {
    *("/agui", "/v1/chat/completions", "/v1/responses"),
    *("/api/ofrep/v1/evaluate/flags", "/api/ofrep/v1/evaluate/flags/{key}"),
}
LANGGRAPH = "/langgraph/"


async def test_every_body_of_our_own_names_all_that_it_takes(stage: Stage) -> None:
    document = await description(stage)
    kinds = document["components"]["schemas"]
    sent = {
        path: operation["requestBody"]["content"].get("application/json", {}).get("schema", {})
        for _, path, operation in operations(document)
        if "requestBody" in operation
    }
    named = {
        path: kinds[one["$ref"].rpartition("/")[2]] for path, one in sent.items() if "$ref" in one
    }
    extended = {path for path, one in named.items() if one.get("additionalProperties") is not False}
    assert {path for path in extended if not path.startswith(LANGGRAPH)} == EXTENDED


async def test_a_field_that_nobody_knows_is_refused_with_the_nearest(stage: Stage) -> None:
    async with stage.client() as http:
        near = await http.post("/api/v1/rca/analyze", json={"namespce": "shop"})
        far = await http.post("/api/v1/query", json={"question": "hi", "colour": "red"})
    assert (near.status_code, far.status_code) == (422, 422)
    [fault] = near.json()["errors"]
    assert fault["pointer"] == "body/namespce"
    assert fault["detail"] == "There is no field 'namespce'. Did you mean 'namespace'?"
    assert far.json()["errors"][0]["detail"].startswith(
        "There is no field 'colour'. Known here: question, "
    )


@pytest.mark.parametrize(
    ("path", "en", "zh"),
    [
        (
            "savings?what=trees",
            "one of: requests, volumes, balancers.",
            "requests, volumes, balancers。",
        ),
        ("savings?what=volume", "Did you mean 'volumes'?", "您要写的是 'volumes' 吗？"),
        (
            "costs?idle=fair",
            "one of: separate, proportional, even.",
            "separate, proportional, even。",
        ),
        ("costs?nammespace=shop", "Did you mean 'namespace'?", "您要写的是 'namespace' 吗？"),
        ("predict/rain?name=x", "one of: qps, cpu, memory, disk.", "qps, cpu, memory, disk。"),
        ("predict/qps?level=5", "greater than or equal to 50", "应大于或等于 50"),
        (
            "predict/qps?level=high",
            "a valid number, unable to parse string as a number",
            "应为数字",
        ),
        ("costs/what-if", "Field required", "必须填写"),
        ("costs/anomalies/kept?step=week", "one of: day, hour.", "day, hour。"),
        (f"costs?namespace={'a' * 64}", "at most 63 characters", "最多只能有 63 个字符"),
    ],
)
async def test_what_a_query_does_not_take_is_told_with_what_it_takes_in_both_languages(
    stage: Stage, path: str, en: str, zh: str
) -> None:
    async with stage.client() as http:
        for language, said in (("en", en), ("zh-CN", zh)):
            answer = await http.get(f"/api/v1/{path}", headers={"Accept-Language": language})
            assert answer.status_code == 422
            assert answer.json()["detail"].endswith(said)


@pytest.mark.parametrize(
    ("body", "media", "said"),
    [
        ('{"question":', "application/json", "This is not JSON: "),
        ('{"question": "hi"}', "text/plain", "Content-Type: application/json"),
        ("[]", "application/json", "valid dictionary"),
    ],
)
async def test_a_body_that_cannot_be_read_says_how_to_send_it(
    stage: Stage, body: str, media: str, said: str
) -> None:
    async with stage.client() as http:
        answer = await http.post("/api/v1/query", content=body, headers={"Content-Type": media})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b'{"question": "\xc3\x28"}'])
async def test_a_body_that_is_no_text_is_refused_like_any_other_that_is_no_json(
    midwatch: Midwatch, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("/api/v1/query", "/api/v1/budgets", "/auth/refresh"):
        async with midwatch.client() as http:
            refused = await http.post(path, content=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), refused.text
        assert "JSON" in refused.json()["detail"]


async def test_a_number_of_more_than_64_bits_is_the_callers_mistake(midwatch: Midwatch) -> None:
    body = {"name": "x", "amount": "1", "thresholds": [2**70]}
    async with midwatch.client("", **{"Accept-Language": "zh"}) as http:
        bearer = {"Authorization": f"Bearer {midwatch.token}"}
        refused = await http.post("/api/v1/budgets", json=body, headers=bearer)
    assert (refused.status_code, refused.json()["reason"]) == (422, "no_json"), refused.text
    assert "64 位" in refused.json()["detail"]
