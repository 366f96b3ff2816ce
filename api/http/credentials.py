"""Credentials that don't hold, or stop to while a connection is open."""

import asyncio
from datetime import datetime

import structlog
from graphql import GraphQLError

from api.auth import Authenticator, Principal, UnauthenticatedError
from api.errors import Refusal
from kit.clock import Clock

CHECK_SECONDS = 60

_log = structlog.get_logger("laurel.http")


def unauthenticated(error: UnauthenticatedError) -> Refusal:
    """Return the refusal of credentials that don't hold."""
    problem = GraphQLError(error.message, original_error=error)
    challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
    return Refusal(error.code, [problem], 401, challenge)


async def lapsed(
    authenticator: Authenticator,
    clock: Clock,
    principal: Principal,
    authorization: str,
    check_seconds: float,
) -> str:
    """Wait until credentials hold no longer, and return why not.

    A token's end is kept to the instant; whether a key was revoked is asked every so often.
    """
    while (left := _left(principal, clock.now())) > 0:
        await asyncio.sleep(min(left, check_seconds))
        try:
            await authenticator.principal(authorization, clock.now())
        except UnauthenticatedError as error:
            return error.message
        except Exception as error:  # noqa: BLE001 - a database that is away sends nobody away
            _log.warning("credentials can't be checked", error=repr(error))
    return "The token has expired."


def _left(principal: Principal, now: datetime) -> float:
    if principal.expires_at is None:
        return float("inf")
    return (principal.expires_at - now).total_seconds()
