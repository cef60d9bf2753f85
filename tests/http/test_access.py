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
from core.http.access.audit import AuditEntry, audit_file, write_entry
from core.http.access.rate_limit import RateLimiter, requests_per_second
from core.http.access.tokens import Scope, create_token, find_token, list_tokens, revoke_token, tokens_file
from core.http.access.uses import last_use
from tests.support.api_client import post
from tests.support.http_client import ask

PROJECTS = "/api/v1/projects"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


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
    entries = [AuditEntry.from_json(line) for line in read_json_lines(audit_file())]
    assert [(one.token, one.method, one.path, one.status) for one in entries] == [
        (token.id, "POST", PROJECTS, 201),
        (token.id, "GET", "/api/v1/backbones", 403),
    ]
    assert secret not in audit_file().read_text()


def test_the_log_is_bounded(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_BYTES", 1000)
    for number in range(100):
        write_entry(AuditEntry(token="", address="", method="POST", path=f"/{number}", status=200))
    files = sorted(workspace.glob("audit*"))
    assert [file.name for file in files] == ["audit.1.jsonl", "audit.jsonl"]
    assert sum(file.stat().st_size for file in files) < 3000
    assert read_json_lines(audit_file())[-1]["path"] == "/99"
