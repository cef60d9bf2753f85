"""Programs of other computers need a token, pages of other sites get nothing, and the log says who came."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import pytest

from core.errors import ConfigError, NotFoundError
from core.files import read_json_lines
from core.http.access import audit
from core.http.access.audit import AuditEntry, Refusals, audit_file, refused_file, write_entry
from core.http.access.rate_limit import RateLimiter, requests_per_second
from core.http.access.tokens import Scope, create_token, find_token, list_tokens, revoke_token, tokens_file
from core.http.access.uses import last_use
from tests.support.api_client import post
from tests.support.http_client import ask

PROJECTS = "/api/v1/projects"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def entries(file: Path) -> list[AuditEntry]:
    return [AuditEntry.from_json(line) for line in read_json_lines(file)]


def test_the_secret_of_a_token_is_stored_nowhere() -> None:
    token, secret = create_token("camera", [Scope.PREDICT])
    assert secret.startswith("darkroom_")
    assert secret not in tokens_file().read_text()
    assert tokens_file().stat().st_mode & 0o077 == 0
    assert find_token(secret) == token
    assert find_token(secret + "x") is None


def test_a_revoked_token_is_refused() -> None:
    token, secret = create_token("camera", [Scope.READ])
    assert ask(PROJECTS, headers=bearer(secret)).status == 200
    assert revoke_token(token.id) == token
    assert ask(PROJECTS, headers=bearer(secret)).status == 401
    with pytest.raises(NotFoundError, match="no token"):
        revoke_token(token.id)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61])
def test_a_token_needs_a_name_and_a_scope(name: str) -> None:
    with pytest.raises(ConfigError):
        create_token(name, [Scope.READ])
    with pytest.raises(ConfigError):
        create_token("camera", [])
    assert list_tokens() == ()


@pytest.mark.parametrize(("scope", "status"), [(Scope.READ, 200), (Scope.PREDICT, 403), (Scope.TRAIN, 403)])
def test_each_scope_stands_by_itself(scope: Scope, status: int) -> None:
    """A camera that predicts reads no training pictures."""
    _, secret = create_token("camera", [scope])
    assert ask(PROJECTS, headers=bearer(secret)).status == status


def test_the_last_use_of_a_token_is_known_until_it_is_revoked(workspace: Path) -> None:
    """To a minute, so that a busy program does not write with each request."""
    token, secret = create_token("camera", [Scope.READ])
    assert last_use(token.id) is None
    ask(PROJECTS, headers=bearer(secret))
    first = last_use(token.id)
    assert first == pytest.approx(time.time(), abs=60)
    ask(PROJECTS, headers=bearer(secret))
    assert last_use(token.id) == first
    os.utime(workspace / "token_uses" / token.id, (0, 0))
    ask(PROJECTS, headers=bearer(secret))
    assert last_use(token.id) == pytest.approx(time.time(), abs=60)
    revoke_token(token.id)
    assert last_use(token.id) is None


def test_a_server_that_others_reach_needs_a_token() -> None:
    _, secret = create_token("script", [Scope.READ])
    assert ask(PROJECTS, is_local=False).status == 401
    assert ask(PROJECTS, is_local=False, headers=bearer(secret)).status == 200
    assert ask("/api/health", is_local=False).status == 200


def test_a_request_that_a_proxy_passes_on_needs_a_token() -> None:
    """The proxy is on this computer, who sends is not."""
    assert ask(PROJECTS, headers={"X-Forwarded-For": "203.0.113.7"}).status == 401


def test_basic_authentication_has_the_token_as_its_password() -> None:
    """Label Studio sends nothing else."""
    _, secret = create_token("label studio", [Scope.READ])
    basic = base64.b64encode(f"darkroom:{secret}".encode()).decode()
    assert ask(PROJECTS, is_local=False, headers={"Authorization": f"Basic {basic}"}).status == 200
    assert ask(PROJECTS, headers={"Authorization": "Basic ???"}).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(headers: dict[str, str]) -> None:
    """A browser on this computer sends it, so the address proves nothing."""
    assert post(PROJECTS, {"name": "leaves"}, headers=headers).status == 403
    assert ask(PROJECTS).json == {"projects": []}


def test_a_page_of_this_server_may() -> None:
    headers = {"Origin": "http://localhost:8501", "Sec-Fetch-Site": "same-origin"}
    assert post(PROJECTS, {"name": "leaves"}, headers=headers).status == 201


def test_beyond_its_rate_a_caller_waits() -> None:
    now = [0.0]
    limiter = RateLimiter(10, clock=lambda: now[0])
    waits = [limiter.seconds_to_wait("a") for _ in range(21)]
    assert waits == [0.0] * 20 + [pytest.approx(0.1)]
    assert limiter.seconds_to_wait("b") == 0
    now[0] = 0.1
    assert limiter.seconds_to_wait("a") == 0
    assert limiter.seconds_to_wait("a") > 0


def test_wrong_tokens_have_a_rate_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_REQUESTS_PER_SECOND", "0.5")
    assert ask(PROJECTS).status == 200
    monkeypatch.setenv("DARKROOM_REQUESTS_PER_SECOND", "many")
    with pytest.raises(ConfigError):
        requests_per_second()


def test_the_log_names_who_changed_something() -> None:
    token, secret = create_token("script", [Scope.TRAIN])
    post(PROJECTS, {"name": "leaves"}, headers=bearer(secret))
    ask("/api/v1/backbones?secret=1", headers=bearer(secret))
    (change,), (refusal,) = entries(audit_file()), entries(refused_file())
    assert (change.token, change.method, change.path, change.status) == (token.id, "POST", PROJECTS, 201)
    assert (refusal.token, refusal.path, refusal.status) == (token.id, "/api/v1/backbones", 403)
    for file in (audit_file(), refused_file()):
        assert secret not in file.read_text()


def test_who_is_refused_pushes_no_change_out_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no token could else hide what was changed before."""
    monkeypatch.setattr(audit, "MOST_BYTES", 300)
    _, secret = create_token("script", [Scope.TRAIN])
    post(PROJECTS, {"name": "leaves"}, headers=bearer(secret))
    for _ in range(10):
        assert ask(PROJECTS, is_local=False).status == 401
    assert [entry.status for entry in entries(audit_file())] == [201]


def test_refusals_of_one_caller_are_counted_and_not_listed() -> None:
    now = [0.0]
    refusals = Refusals(clock=lambda: now[0])

    def refuse(address: str) -> None:
        refusals.write(AuditEntry(token="", address=address, method="GET", path=PROJECTS, status=401))

    for seconds in (0, 1, 59, 61, 62):
        now[0] = seconds
        refuse("192.0.2.1")
    refuse("192.0.2.2")
    assert [(entry.address, entry.unlisted) for entry in entries(refused_file())] == [
        ("192.0.2.1", 0),
        ("192.0.2.1", 2),
        ("192.0.2.2", 0),
    ]


def test_the_log_is_bounded(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_BYTES", 1000)
    for number in range(100):
        write_entry(AuditEntry(token="", address="", method="POST", path=f"/{number}", status=200))
    files = sorted(workspace.glob("audit*"))
    assert [file.name for file in files] == ["audit.1.jsonl", "audit.jsonl"]
    assert sum(file.stat().st_size for file in files) < 3000
    assert read_json_lines(audit_file())[-1]["path"] == "/99"
