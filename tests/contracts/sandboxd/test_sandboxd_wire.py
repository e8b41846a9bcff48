"""What goes over the wire: who is let in, the older routes, and errors that are always JSON."""

import socket
import time
from typing import Any

import pytest

from courier.sandboxd.layout import Layout
from tests.contracts.sandboxd.wire import Wire


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_a_foreign_host_is_refused(wire: Wire, host: str) -> None:
    answer = wire.ask("GET", "/v2/sandboxes", Host=host)
    assert answer.status in (400, 403)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "file://", "http://127.0.0.1.evil"]
)
def test_a_foreign_origin_is_refused(wire: Wire, origin: str) -> None:
    answer = wire.ask("GET", "/v2/sandboxes", Origin=origin)
    assert (answer.status, answer.json["code"]) == (403, 403)


def test_this_machine_is_let_in(wire: Wire) -> None:
    for host in (f"127.0.0.1:{wire.port}", f"localhost:{wire.port}", f"LOCALHOST:{wire.port}"):
        assert wire.ask("GET", "/v2/sandboxes", Host=host).status == 200
    assert wire.ask("GET", "/v2/sandboxes", Origin=f"http://localhost:{wire.port}").status == 200


def test_only_the_loopback_interface_answers(wire: Wire) -> None:
    outside = socket.gethostbyname(socket.gethostname())
    if outside.startswith("127."):
        pytest.skip("this machine has no other address")
    with socket.socket() as tried:
        tried.settimeout(2)
        assert tried.connect_ex((outside, wire.port)) != 0


@pytest.mark.parametrize("key", ["", "e2b_" + "0" * 48, "ünïcode"])
def test_every_control_route_wants_the_key(wire: Wire, key: str) -> None:
    sandbox_id = wire.create()["sandboxID"]
    for method, path in (
        ("GET", "/v2/sandboxes"),
        ("POST", "/v2/sandboxes"),
        ("POST", "/sandboxes"),
        ("GET", f"/sandboxes/{sandbox_id}"),
        ("DELETE", f"/sandboxes/{sandbox_id}"),
        ("POST", f"/sandboxes/{sandbox_id}/pause"),
        ("GET", "/snapshots"),
        ("DELETE", "/templates/base"),
        ("GET", "/status"),
    ):
        headers = {"X-API-KEY": key.encode().decode("latin-1")}
        answer = wire.ask(method, path, {} if method == "POST" else None, **headers)
        assert (answer.status, answer.json["code"]) == (401, 401), path
    assert wire.ask("GET", f"/sandboxes/{sandbox_id}").status == 200


def test_the_key_is_random_and_its_owners_alone(wire: Wire) -> None:
    layout = Layout(wire.endpoint.state_dir)
    assert layout.api_key.stat().st_mode & 0o777 == 0o600
    assert len(wire.endpoint.api_key) > 40


def test_the_first_version_of_the_routes(wire: Wire) -> None:
    made = wire.create("/sandboxes")
    sandbox_id = made["sandboxID"]
    info = wire.ask("GET", f"/sandboxes/{sandbox_id}").json
    assert {
        "templateID", "sandboxID", "clientID", "startedAt", "endAt", "envdVersion", "cpuCount",
        "memoryMB", "diskSizeMB", "state",
    } <= info.keys()  # fmt: skip
    listed = [each["sandboxID"] for each in wire.ask("GET", "/sandboxes").json]
    assert sandbox_id in listed
    assert wire.ask("POST", f"/sandboxes/{sandbox_id}/refreshes", {"duration": 60}).status == 204
    assert wire.ask("POST", f"/sandboxes/{sandbox_id}/connect", {"timeout": 60}).status == 200
    assert wire.ask("POST", f"/sandboxes/{sandbox_id}/pause").status == 204
    assert wire.ask("POST", f"/sandboxes/{sandbox_id}/pause").status == 409
    assert wire.ask("POST", f"/sandboxes/{sandbox_id}/resume", {"timeout": 60}).status == 201
    assert wire.ask("GET", f"/sandboxes/{sandbox_id}/logs").json["logs"] == []
    assert wire.ask("GET", f"/v2/sandboxes/{sandbox_id}/logs").status == 200
    assert wire.ask("DELETE", f"/sandboxes/{sandbox_id}").status == 204
    assert wire.ask("DELETE", f"/sandboxes/{sandbox_id}").status == 404


def test_control_calls_may_name_a_sandbox_in_the_header(wire: Wire) -> None:
    """Older clients do; the path decides."""
    made = wire.create()
    answer = wire.ask("GET", "/v2/sandboxes", E2b_Sandbox_Id=made["sandboxID"])
    assert isinstance(answer.json, list)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v2/sandboxes", b"{", 400),
        ("POST", "/v2/sandboxes", b"[]", 400),
        ("POST", "/v2/sandboxes", b"\xff\xfe", 400),
        ("POST", "/v2/sandboxes", {"templateID": 7}, 400),
        ("POST", "/v2/sandboxes", {"templateID": "nope"}, 404),
        ("POST", "/v2/sandboxes", {"timeout": -1}, 400),
        ("POST", "/v2/sandboxes", {"timeout": True}, 400),
        ("POST", "/v2/sandboxes", {"timeout": 10**9}, 400),
        ("POST", "/v2/sandboxes", {"metadata": {"a": 1}}, 400),
        ("POST", "/v2/sandboxes", {"envVars": {"A": "\0"}}, 400),
        ("POST", "/v2/sandboxes", {"volumeMounts": [{"name": "v", "path": "/v"}]}, 400),
        ("POST", "/v2/sandboxes", {"network": {"allowOut": ["example.com"]}}, 400),
        ("POST", "/v2/sandboxes", {"autoResume": {"enabled": True}}, 400),
        ("GET", "/v2/sandboxes?limit=0", None, 400),
        ("GET", "/v2/sandboxes?limit=x", None, 400),
        ("GET", "/v2/sandboxes?nextToken=%25", None, 400),
        ("GET", "/v2/sandboxes?startedAfter=yesterday", None, 400),
        ("GET", "/sandboxes/nope", None, 404),
        ("POST", "/sandboxes/nope/pause", None, 404),
        ("GET", "/templates/aliases/nope", None, 404),
        ("GET", "/templates/aliases/base", None, 200),
        ("DELETE", "/templates/base", None, 403),
        ("DELETE", "/templates/nope", None, 404),
        ("POST", "/v3/templates", {"name": "base"}, 403),
        ("GET", "/volumes", None, 501),
        ("POST", "/secrets", {}, 501),
        ("GET", "/no/such/route", None, 404),
        ("PATCH", "/v2/sandboxes", None, 404),
        ("GET", "/", None, 404),
    ],
)  # fmt: skip
def test_every_error_is_json(wire: Wire, method: str, path: str, body: Any, status: int) -> None:
    answer = wire.ask(method, path, body)
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    if status >= 400:
        assert answer.json["code"] == status
        assert answer.json["message"]


def test_a_key_for_idempotency_fits_one_request(wire: Wire) -> None:
    key = f"k{time.time_ns()}"
    first = wire.ask("POST", "/v2/sandboxes", {"timeout": 60}, Idempotency_Key=key)
    again = wire.ask("POST", "/v2/sandboxes", {"timeout": 60}, Idempotency_Key=key)
    wire.made.append(first.json["sandboxID"])
    assert first.json == again.json
    other = wire.ask("POST", "/v2/sandboxes", {"timeout": 61}, Idempotency_Key=key)
    assert other.status == 409
    wrong = wire.ask("POST", "/v2/sandboxes", {}, Idempotency_Key="UPPER")
    assert wrong.status == 400
    wire.ask("DELETE", f"/sandboxes/{first.json['sandboxID']}")
    fresh = wire.ask("POST", "/v2/sandboxes", {"timeout": 60}, Idempotency_Key=key)
    wire.made.append(fresh.json["sandboxID"])
    assert fresh.json["sandboxID"] != first.json["sandboxID"]


def test_calls_for_a_missing_sandbox_get_the_edges_words(wire: Wire) -> None:
    for path in ("/health", "/files?path=x", "/process.Process/List"):
        answer = wire.ask("GET", path, E2b_Sandbox_Id="nosuchsandbox")
        assert answer.status == 502
        assert "was not found" in answer.json["message"]


def test_a_host_name_addresses_a_sandbox_too(wire: Wire) -> None:
    made = wire.create()
    host = f"49983-{made['sandboxID']}.{made['domain']}"
    assert wire.ask("GET", "/health", Host=host).status == 204
    assert made["domain"] == f"localhost:{wire.port}"


def test_envd_wants_the_sandboxes_own_token(wire: Wire) -> None:
    one, two = wire.create(), wire.create()
    assert one["envdAccessToken"] != two["envdAccessToken"]
    for path in ("/process.Process/List", "/filesystem.Filesystem/Stat"):
        for token in ("", two["envdAccessToken"], wire.endpoint.api_key):
            answer = wire.envd(one, "POST", path, {}, X_Access_Token=token)
            assert answer.status == 401
    for path in ("/files?path=x", "/metrics", "/envs"):
        assert wire.envd(one, "GET", path, X_Access_Token="x").status == 401
    assert wire.envd(one, "GET", "/envs").json["E2B_SANDBOX_ID"] == one["sandboxID"]
    assert wire.envd(one, "GET", "/metrics").json["cpu_count"] > 0
