"""The endpoint ``/graphql``: one HTTP request in, one operation run, one answer out."""

import inspect
import time
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from graphql import ExecutionResult, GraphQLError, OperationType, execute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.auth import Authenticator, Principal, Role, UnauthenticatedError
from api.context import Context
from api.errors import ERRORS_MAX, Refusal, refusal, refused, shown
from api.graphql.documents import Document, Documents, Operation
from api.graphql.schema import core
from api.http import media, metrics
from api.http.parameters import BadRequestError, Parameters, from_address, from_body
from api.runtime import Runtime

_log = structlog.get_logger("laurel.graphql")


class GraphQLEndpoint:
    """Runs operations. Make one per process: what is known of documents is kept in it."""

    def __init__(self, runtime: Runtime, authenticator: Authenticator) -> None:
        self._runtime = runtime
        self._authenticator = authenticator
        self._schema = core()
        self._production = runtime.settings.environment == "production"
        self._documents = Documents(self._schema, hide_suggestions=self._production)

    async def respond(self, request: Request) -> Response:
        """Return the answer to ``request``; every failure has one, too."""
        try:
            return await self._respond(request, _kind(request))
        except BadRequestError as error:
            return _answer(
                refused(refusal(error.code, error.message)), error.status, media.JSON, error.headers
            )
        except ClientDisconnect:
            return Response(status_code=400)

    async def _respond(self, request: Request, kind: str) -> Response:
        parameters = await _parameters(request)
        now = self._runtime.clock.now()
        try:
            principal = await self._authenticator.principal(
                request.headers.get("authorization"), now
            )
        except UnauthenticatedError as error:
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            problem = GraphQLError(error.message, original_error=error)
            return _answer(refused(Refusal(error.code, [problem])), 401, kind, challenge)
        found = self._found(parameters, principal)
        if isinstance(found, Refusal):
            return _refusal(found, kind)
        document, operation = found
        if request.method == "GET" and operation.type is not OperationType.QUERY:
            message = "GET runs queries only; send this with POST."
            raise BadRequestError(405, "METHOD_NOT_ALLOWED", message, {"allow": "POST"})
        context = Context(self._runtime, principal, now)
        result = await self._run(document, operation, parameters, context)
        return _result(result, kind)

    def _found(
        self, parameters: Parameters, principal: Principal
    ) -> tuple[Document, Operation] | Refusal:
        document = self._documents.prepare(parameters.query)
        if isinstance(document, Refusal):
            return document
        operation = document.operation(parameters.operation_name)
        if isinstance(operation, Refusal):
            return operation
        introspection = principal.role is not Role.ANONYMOUS or not self._production
        return operation.refusal(principal.role, introspection=introspection) or (
            document,
            operation,
        )

    async def _run(
        self, document: Document, operation: Operation, parameters: Parameters, context: Context
    ) -> ExecutionResult:
        began = time.monotonic()
        result = execute(
            self._schema,
            document.ast,
            context_value=context,
            variable_values=parameters.variables,
            operation_name=parameters.operation_name,
            max_coercion_errors=ERRORS_MAX,
            hide_suggestions=self._production,
        )
        if inspect.isawaitable(result):
            result = await result
        seconds = time.monotonic() - began
        metrics.operation(operation.name, operation.type.value, bool(result.errors), seconds)
        _log.info(
            "operation",
            operation=operation.name,
            type=operation.type.value,
            role=context.principal.role.name,
            brand=context.principal.home.code if context.principal.home else None,
            errors=len(result.errors or ()),
            milliseconds=round(seconds * 1000, 1),
        )
        return result


def _kind(request: Request) -> str:
    kind = media.wanted(request.headers.get("accept", ""), (media.JSON, media.GRAPHQL))
    if kind is None:
        message = f"Accept {media.GRAPHQL} or {media.JSON}."
        raise BadRequestError(406, "NOT_ACCEPTABLE", message)
    return kind


async def _parameters(request: Request) -> Parameters:
    if request.method == "GET":
        return from_address(request)
    if request.method == "POST":
        return await from_body(request)
    raise BadRequestError(405, "METHOD_NOT_ALLOWED", "Use POST or GET.", {"allow": "GET, POST"})


def _refusal(found: Refusal, kind: str) -> Response:
    if found.code == "UNAUTHENTICATED":
        return _answer(refused(found), 401, kind, {"www-authenticate": "Bearer"})
    if found.code == "FORBIDDEN":
        return _answer(refused(found), 403, kind)
    # Readers of plain JSON take anything but 200 as a broken connection.
    return _answer(refused(found), 400 if kind == media.GRAPHQL else 200, kind)


def _result(result: ExecutionResult, kind: str) -> Response:
    errors = [shown(error) for error in (result.errors or ())[:ERRORS_MAX]]
    # Without a path nothing ran: the variables did not fit.
    started = result.data is not None or any("path" in error for error in errors)
    answer: dict[str, Any] = {"errors": errors} if errors else {}
    if started:
        answer["data"] = result.data
    status = 200 if started or kind == media.JSON else 400
    return _answer(answer, status, kind)


def _answer(
    content: dict[str, Any], status: int, kind: str, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        orjson.dumps(content),
        status,
        {"content-type": f"{kind}; charset=utf-8", "cache-control": "no-store", **(headers or {})},
    )
