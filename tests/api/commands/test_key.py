"""`laurel key` and `laurel token`: made as processes, then listed, revoked and refused."""

import re

import pytest

from api.auth import Authenticator, Role, UnauthenticatedError
from api.commands.token import duration
from api.tokens import Tokens
from kit.clock import SystemClock
from kit.embedded import Servers
from kit.errors import InvalidInputError
from kit.settings import Settings
from tests.support.process import run, run_here
from tests.support.shop import Shop


async def test_a_key_is_made_listed_and_revoked(servers: Servers, grocer: Shop) -> None:
    made = ("key", "create", "--brand", "grocer", "--role", "server", "--name", "till 1")
    code, secret, err = await run(servers, *made)
    assert code == 0, err
    authenticator = Authenticator(grocer.database, Tokens(Settings()))
    header = f"Bearer {secret.strip()}"
    found = await authenticator.principal(header, grocer.clock.now())
    assert (found.role, found.brand) == (Role.SERVER, grocer.brand)
    _, listed, _ = await run_here(servers, "key", "list", "--brand", "grocer")
    assert re.fullmatch(r"\S{36}  server  \S+  in use  till 1\n", listed)
    assert secret.strip() not in listed
    code, out, _ = await run_here(servers, "key", "revoke", "--brand", "grocer", listed.split()[0])
    assert (code, out) == (0, f"revoked {listed.split()[0]}\n")
    _, listed, _ = await run_here(servers, "key", "list", "--brand", "grocer")
    assert "revoked 20" in listed
    with pytest.raises(UnauthenticatedError):
        await authenticator.principal(header, grocer.clock.now())


async def test_a_member_signs_in_with_a_token(servers: Servers, grocer: Shop) -> None:
    code, token, err = await run(servers, "token", "--brand", "grocer", "--member", "ana")
    assert code == 0, err
    authenticator = Authenticator(grocer.database, Tokens(Settings()))
    found = await authenticator.principal(f"Bearer {token.strip()}", SystemClock().now())
    assert (found.role, found.brand) == (Role.MEMBER, grocer.brand)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("key", "list", "--brand", "none"), "UNKNOWN_BRAND"),
        (("key", "create", "--brand", "grocer", "--role", "staff", "--name", ""), "INVALID_INPUT"),
        (
            ("key", "revoke", "--brand", "grocer", "0190a7c4-5b1e-7c3a-9d52-3f4c8f1f2a3b"),
            "UNKNOWN_KEY",
        ),
        (("token", "--brand", "none", "--member", "ana"), "UNKNOWN_BRAND"),
        (("token", "--brand", "grocer", "--member", "a", "--expires-in", "1y"), "INVALID_INPUT"),
    ],
)
async def test_refusals(
    servers: Servers, grocer: Shop, arguments: tuple[str, ...], said: str
) -> None:
    assert grocer
    code, out, err = await run_here(servers, *arguments)
    assert (code, out) == (1, "")
    assert err.startswith(said)


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("24h", 86_400), ("7d", 604_800)])
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "-1h", "1.5h", "99999d"])
def test_lengths_of_time_that_are_none(text: str) -> None:
    with pytest.raises(InvalidInputError):
        duration(text)
