"""From a GraphQL request over any transport to its answer: judged, charged, run, and told.

Everything that a caller may be refused for is decided before anything runs, so that a refused
request has changed nothing and cost little.
"""

import asyncio
import inspect
import math
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import structlog
from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationType,
    experimental_execute_incrementally,
)
from graphql.execution import (
    ExperimentalIncrementalExecutionResults,
    SubsequentIncrementalExecutionResult,
)
from opentelemetry import trace

from api import metrics
from api.auth import Role
from api.caller import Caller
from api.context import Context
from api.errors import ERRORS_MAX, Refusal, RefusedError, refusal, shown
from api.graphql import limits
from api.graphql.allowances import COST_MIN, UNKNOWN_COST, allowance
from api.graphql.crowds import crowd_of
from api.graphql.documents import Document, Documents, Operation
from api.graphql.executor import ShortExecutor
from api.graphql.feeds import Answer, Content
from api.graphql.following import Following
from api.graphql.guesses import Guesses
from api.graphql.incremental import told
from api.graphql.known import KnownDocuments, read_manifests
from api.graphql.parameters import Parameters
from api.graphql.schema import core
from api.graphql.signing import signing_secret
from api.runtime import Runtime
from kit.buckets import Buckets, Charge
from kit.tasks import ended

# Whose operations are known when the app is built.
_APPS = frozenset({Role.ANONYMOUS, Role.MEMBER})

_log = structlog.get_logger("laurel.graphql")
_tracer = trace.get_tracer("laurel.graphql")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that may run: valid, permitted and paid for."""

    document: Document
    operation: Operation
    parameters: Parameters
    context: Context
    charge: Mapping[str, Any]
    """What it cost, as `extensions.cost` tells."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer. ``started`` is False if the variables did not fit, so that nothing ran."""

    content: dict[str, Any]
    started: bool = True
    status: int = 200
    rest: AsyncGenerator[dict[str, Any], None] | None = None
    """What follows later, for an operation that deferred parts of its answer."""


class Engine:
    """Runs operations. Make one per process: what is known of documents is kept in it."""

    def __init__(self, runtime: Runtime, seconds_max: Mapping[OperationType, float] = {}) -> None:
        """Read the trusted documents. Raises ConfigurationError if they don't hold."""
        settings = runtime.settings
        self._runtime = runtime
        self._schema = core(defer=settings.defer)
        self._production = settings.environment == "production"
        self._trusted_only = settings.documents_only
        self._documents = Documents(self._schema, hide_suggestions=self._production)
        self._known = KnownDocuments(read_manifests(settings.documents), runtime.nodes)
        self._documents.pin(self._known.texts)
        self._buckets = Buckets(runtime.nodes)
        self._guesses = Guesses(self._buckets)
        self._secret = signing_secret(settings)
        self._following = Following(self._context, lambda result: _outcome(result, {}).content)
        self._seconds_max = {**limits.SECONDS_MAX, **seconds_max}

    async def prepare(
        self, given: Parameters, caller: Caller, *, only: frozenset[OperationType]
    ) -> Prepared:
        """Judge and charge a request. Raises RefusedError; then it cost a little all the same."""
        try:
            document = await self._document(given, caller)
            operation, cost = self._permitted(document, given, caller, only)
            await self._known.keep(given, caller.tenant)
        except RefusedError:
            await self.charge(caller, COST_MIN)
            raise
        charge = await self.charge(caller, max(cost, COST_MIN))
        return Prepared(document, operation, given, self._context(caller), charge)

    async def charge(self, caller: Caller, cost: int) -> dict[str, Any]:
        """Take ``cost`` from the caller's allowance and return what `extensions.cost` tells.

        Raises RefusedError if there is not enough left.
        """
        bucket = allowance(caller.principal.role, self._runtime.settings.allowance)
        charge = await self._buckets.take(f"cost:{caller.account}", cost, bucket)
        shown_charge = _told_charge(cost, charge, limits.most(caller.principal.role))
        if not charge.allowed:
            raise RefusedError(_too_fast(charge, shown_charge))
        return shown_charge

    async def run(self, prepared: Prepared) -> Outcome:
        """Return the answer to a query or a mutation. What is left of it when time is up is ended.

        A query is given up when its caller cancels; a mutation is one transaction either way.
        """
        began = time.monotonic()
        operation = prepared.operation
        outcome: Outcome | None = None
        try:
            with _tracer.start_as_current_span(f"{operation.type.value} {operation.name or ''}"):
                outcome = await self._in_time(prepared)
        finally:
            if outcome is None or outcome.rest is None:
                await prepared.context.close()
        self._note(prepared, bool(outcome.content.get("errors")), began)
        return outcome

    async def _in_time(self, prepared: Prepared) -> Outcome:
        kind = prepared.operation.type
        try:
            async with asyncio.timeout(self._seconds_max[kind]) as limit:
                return await self._outcome(prepared)
        except TimeoutError:
            if not limit.expired():
                raise
            return _too_slow(kind)

    async def follow(self, prepared: Prepared) -> AsyncGenerator[Content, None]:
        """Yield one answer for each event of a subscription; closing the iterator ends it."""
        began = time.monotonic()
        failed = False
        try:
            async with aclosing(self._answers(prepared)) as answers:
                async for answer in answers:
                    failed = failed or answer.failed
                    yield answer.content
        finally:
            await prepared.context.close()
            self._note(prepared, failed, began)

    def _answers(self, prepared: Prepared) -> AsyncGenerator[Answer, None]:
        caller, document = prepared.context.caller, prepared.document
        given = self._arguments(prepared)
        variables = given.pop("variable_values")
        executor = ShortExecutor.build(
            self._schema,
            document.ast,
            raw_variable_values=variables,
            writers=document.writers,
            **given,
        )
        crowd = crowd_of(document, prepared.operation, variables, caller)
        return self._following.answers(executor, caller, crowd)

    def _context(self, caller: Caller) -> Context:
        return Context(self._runtime, caller, self._guesses, self._secret)

    async def _document(self, given: Parameters, caller: Caller) -> Document:
        trusted_only = self._trusted_only and caller.principal.role in _APPS
        text = await self._known.text(given, caller.tenant, trusted_only=trusted_only)
        document = self._documents.known(text)
        if document is None:
            # Before the work: whoever has nothing left gets none of it.
            await self.charge(caller, UNKNOWN_COST)
            document = self._documents.prepare(text)
        if isinstance(document, Refusal):
            raise RefusedError(document)
        return document

    def _permitted(
        self, document: Document, given: Parameters, caller: Caller, only: frozenset[OperationType]
    ) -> tuple[Operation, int]:
        role = caller.principal.role
        operation = document.operation(given.operation_name)
        if isinstance(operation, Refusal):
            raise RefusedError(operation)
        if operation.type not in only:
            raise RefusedError(_wrong_type(operation.type))
        introspection = role is not Role.ANONYMOUS or not self._production
        refused = operation.refusal(role, introspection=introspection)
        if refused is not None:
            raise RefusedError(refused)
        cost = operation.cost.of(given.variables)
        too_much = limits.check_cost(cost, role)
        if too_much is not None:
            raise RefusedError(Refusal("COST_LIMIT_EXCEEDED", [too_much]))
        return operation, cost

    async def _outcome(self, prepared: Prepared) -> Outcome:
        document = prepared.document
        short: dict[str, Any] = {"executor_class": ShortExecutor, "writers": document.writers}
        made = experimental_execute_incrementally(
            self._schema,
            document.ast,
            **({} if document.incremental else short),
            **self._arguments(prepared),
        )
        result = await made if inspect.isawaitable(made) else made
        charge = {"cost": prepared.charge}
        if isinstance(result, ExperimentalIncrementalExecutionResults):
            first = {**told(result.initial_result), "extensions": charge}
            return Outcome(first, rest=self._rest(prepared, result.subsequent_results))
        return _outcome(result, charge)

    def _rest(
        self, prepared: Prepared, parts: AsyncGenerator[SubsequentIncrementalExecutionResult, None]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Return what follows. It is made in time, however slowly it is taken, or if never."""
        made: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        making = asyncio.create_task(self._make(prepared, parts, made))

        async def rest() -> AsyncGenerator[dict[str, Any], None]:
            try:
                while (content := await made.get()) is not None:
                    yield content
            finally:
                await ended(making)

        return rest()

    async def _make(
        self,
        prepared: Prepared,
        parts: AsyncGenerator[SubsequentIncrementalExecutionResult, None],
        made: asyncio.Queue[dict[str, Any] | None],
    ) -> None:
        kind = prepared.operation.type
        try:
            async with asyncio.timeout(self._seconds_max[kind]):
                async for part in parts:
                    made.put_nowait(told(part))
        except TimeoutError:
            made.put_nowait({**_too_slow(kind).content, "hasNext": False})
        finally:
            await parts.aclose()
            await prepared.context.close()
            made.put_nowait(None)

    def _arguments(self, prepared: Prepared) -> dict[str, Any]:
        return {
            "context_value": prepared.context,
            "variable_values": prepared.parameters.variables,
            "operation_name": prepared.parameters.operation_name,
            "max_coercion_errors": limits.VARIABLE_ERRORS_MAX,
            "hide_suggestions": self._production,
        }

    def _note(self, prepared: Prepared, failed: bool, began: float) -> None:  # noqa: FBT001
        operation, context = prepared.operation, prepared.context
        seconds = time.monotonic() - began
        client = context.caller.client
        metrics.operation(operation.name, operation.type.value, failed, seconds)
        metrics.deprecated((use.coordinate for use in operation.uses if use.deprecated), client)
        _log.info(
            "operation",
            operation=operation.name,
            type=operation.type.value,
            document=prepared.parameters.document_id,
            client=client,
            role=context.principal.role.name,
            brand=context.principal.home.code if context.principal.home else None,
            failed=failed,
            cost=prepared.charge["requestedQueryCost"],
            milliseconds=round(seconds * 1000, 1),
        )


def _outcome(result: ExecutionResult, extensions: dict[str, Any]) -> Outcome:
    errors = [shown(error) for error in (result.errors or ())[:ERRORS_MAX]]
    # Without a path nothing ran: the variables did not fit.
    started = result.data is not None or any("path" in error for error in errors)
    content: dict[str, Any] = {"errors": errors} if errors else {}
    if started:
        content["data"] = result.data
    if extensions:
        content["extensions"] = extensions
    return Outcome(content, started, 200 if started else 400)


def _told_charge(cost: int, charge: Charge, cost_max: int) -> dict[str, Any]:
    return {
        "requestedQueryCost": cost,
        "maximumQueryCost": cost_max,
        "throttleStatus": {
            "maximumAvailable": charge.allowance.capacity,
            "currentlyAvailable": charge.available,
            "restoreRate": charge.allowance.per_second,
        },
    }


def _too_fast(charge: Charge, shown_charge: dict[str, Any]) -> Refusal:
    seconds = max(1, math.ceil(charge.retry_after))
    message = f"You have used up your allowance; ask again in {seconds} s."
    return Refusal(
        "RATE_LIMITED",
        [GraphQLError(message)],
        429,
        {"retry-after": str(seconds)},
        {"cost": shown_charge},
    )


def _too_slow(kind: OperationType) -> Outcome:
    if kind is OperationType.MUTATION:
        advice = "it changed nothing, or all: send it again with the same idempotency key"
    else:
        advice = "ask for less at once"
    error = GraphQLError(f"The operation took too long; {advice}.")
    return Outcome({"errors": [shown(error, "TIMEOUT")]}, started=False, status=503)


def _wrong_type(kind: OperationType) -> Refusal:
    if kind is OperationType.SUBSCRIPTION:
        message = "Subscriptions come over WebSocket, or as `Accept: text/event-stream`."
        return refusal("NOT_ACCEPTABLE", message, 406)
    message = "GET runs queries only; send this with POST."
    return refusal("METHOD_NOT_ALLOWED", message, 405, {"allow": "POST"})
