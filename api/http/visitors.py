"""What anybody may open costs, too: its address pays, from the allowance of anonymous callers."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.auth import ANONYMOUS
from api.errors import RefusedError
from api.graphql.engine import Engine
from api.http.graphql import caller_of

PAGE_COST = 5
"""A page, a document or a signature: some milliseconds, if it is not at hand."""
DRAWING_COST = 50
"""What drawing a picture costs besides: a tenth of a second."""


class Visitors:
    """Charges addresses. Make one per process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def charge(self, request: Request, cost: int = PAGE_COST) -> None:
        """Take ``cost`` from the allowance of the request's address.

        Raises HTTPException 429, which says when to come back, if there is not enough left.
        """
        try:
            await self._engine.charge(caller_of(request, ANONYMOUS), cost)
        except RefusedError as error:
            found = error.refusal
            message = found.errors[0].message
            raise HTTPException(found.status, message, dict(found.headers)) from None
