"""Keys, scopes, binds and hosts."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.security import OpenWithoutKeys, Scope
from api.settings import Settings
from api.store.sqlstore import SqlStore
from tests.api_support import BODY, FakeKnown, running, services
from tests.fake_plan import fake_plan

CALLS: list[tuple[str, str, str, dict[str, Any] | None]] = [
    ("read", "GET", "/v1/plans", None),
    ("read", "GET", "/v1/cities", None),
    ("read", "GET", "/metrics", None),
    ("plan", "POST", "/v1/plans", BODY),
    ("plan", "POST", "/v1/validations", BODY),
    ("plan", "POST", "/v1/plans/none/cancel", None),
    ("plan", "POST", "/v1/plans/none/reruns", {"patch": {}}),
    ("admin", "DELETE", "/v1/plans/none", None),
]


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize(("needed", "method", "path", "body"), CALLS, ids=lambda v: str(v)[:30])
def test_a_key_may_do_what_its_scope_says_and_no_more(tmp_path, scope, needed, method, path, body):
    with running(tmp_path) as service:
        key = service.store.add_key("k", [scope])
        answered = service.client.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})
    assert (answered.status_code == 403) == (not scope.holds(Scope(needed)))
    assert answered.status_code != 401


def test_loopback_without_keys_is_open_and_health_always_is(tmp_path):
    with running(tmp_path) as service:
        assert service.client.get("/v1/plans").status_code == 200
        service.store.add_key("k", ["read"])
        service.service.guard._asked = float("-inf")
        assert service.client.get("/v1/plans").status_code == 401
        assert service.client.get("/health").status_code == 200
        assert service.client.get("/ready").status_code == 200


def test_a_revoked_key_is_out_within_a_second(tmp_path, monkeypatch):
    monkeypatch.setattr("api.security.FRESH_S", 0.0)
    with running(tmp_path) as service:
        key = {"Authorization": f"Bearer {service.store.add_key('k', ['read'])}"}
        service.store.add_key("other", ["read"])
        assert service.client.get("/v1/plans", headers=key).status_code == 200
        service.store.revoke("k")
        assert service.client.get("/v1/plans", headers=key).status_code == 401


def test_two_callers_may_use_one_idempotency_key(tmp_path):
    with running(tmp_path) as service:
        keys = [service.store.add_key(name, ["plan"]) for name in ("a", "b")]
        ids = {
            service.post(headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "same"})
            for key in keys
            for _ in range(2)
        }
    assert len(ids) == 2


def _public(folder, **more) -> tuple[TestClient, SqlStore]:
    settings = Settings(host="0.0.0.0", data_dir=folder, log_level="error", **more)  # noqa: S104  the case that is judged
    store = SqlStore(None, folder)
    store.migrate()
    app = create_app(settings, store, lambda _: None, known=FakeKnown())
    return TestClient(app, base_url="http://planner.example.org"), store


def test_a_public_bind_without_a_key_is_refused(tmp_path):
    client, store = _public(tmp_path)
    with pytest.raises(OpenWithoutKeys, match="fleetplan keys add"), client:
        pass
    store.close()


def test_a_public_bind_asks_for_the_key(tmp_path):
    client, store = _public(tmp_path)
    key = store.add_key("k", ["read"])
    with client:
        assert client.get("/v1/plans").status_code == 401
        assert client.get("/v1/plans", headers={"Authorization": f"Bearer {key}"}).status_code == 200
        store.revoke("k")
        client.app.state.service.guard._known.clear()  # type: ignore[attr-defined]
        assert client.get("/v1/plans").status_code == 401
    store.close()


def test_named_hosts_only_when_names_are_given(tmp_path):
    client, store = _public(tmp_path, allowed_hosts=["plans.example.org"])
    store.add_key("k", ["read"])
    with client:
        assert client.get("/health").status_code == 421
        assert client.get("/health", headers={"Host": "plans.example.org:8000"}).status_code == 200
    store.close()


def test_keys_are_kept_hashed(tmp_path):
    with running(tmp_path) as service:
        key = service.store.add_key("k", ["admin"])
        service.post(headers={"Authorization": f"Bearer {key}"})
    held = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert key.encode() not in held


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%00", "a" * 300, "x;rm -rf", "<script>"]
)
def test_what_is_sent_never_becomes_a_path(tmp_path, path):
    with running(tmp_path) as service:
        plan = service.made()
        for address in (
            f"/v1/plans/{path}",
            f"/v1/plans/{plan}/tables/{path}",
            f"/v1/examples/{path}",
            f"/v1/cities/{path}",
        ):
            answered = service.client.get(address)
            assert answered.status_code in {404, 422}
            assert "root:" not in answered.text
            assert answered.headers["content-type"] == "application/problem+json"
            assert answered.headers["x-content-type-options"] == "nosniff"


def test_a_name_with_markup_is_escaped_in_the_brief(tmp_path):
    evil = "<script>alert(1)</script>"
    held = fake_plan(evil, services()).model_dump_json().encode()
    with running(tmp_path) as service:
        plan = service.post({"request": {**BODY["request"], "name": evil}})
        service.runner.begin(plan)
        service.store.finish(plan, "succeeded", answer=held)
        page = service.client.get(f"/v1/plans/{plan}/export?format=html").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_settings_come_from_file_and_environment(tmp_path, monkeypatch):
    file = tmp_path / "service.toml"
    file.write_text('port = 9000\nmax_queue = 7\nallowed_hosts = ["a.example"]\n')
    monkeypatch.setenv("FLEETPLAN_CONFIG", str(file))
    monkeypatch.setenv("FLEETPLAN_PORT", "9001")
    chosen = Settings()
    assert (chosen.port, chosen.max_queue, chosen.allowed_hosts) == (9001, 7, ["a.example"])
