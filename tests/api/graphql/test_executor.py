"""The short way to an answer gives the same answer as graphql-core's own, errors included."""

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute, parse, validate
from graphql.execution import Executor
from hypothesis import HealthCheck, given, settings
from hypothesis_graphql import from_schema

from api.graphql.executor import WRITERS_MAX, ShortExecutor, Writers


@strawberry.type
class Leaf:
    """Values that a client may and may not get."""

    text: str = "a"
    number: int | None = 1
    wrong: int = "no number"  # type: ignore[assignment]
    wrong_or_null: int | None = "no number"  # type: ignore[assignment]
    missing: str = None  # type: ignore[assignment]
    empty: str | None = None


@strawberry.interface
class Named:
    """Something abstract."""

    name: str = "n"


@strawberry.type
class Tree(Named):
    """Objects, lists and resolvers in one another."""

    depth: strawberry.Private[int] = 0
    leaf: Leaf = strawberry.field(default_factory=Leaf)
    leaf_or_null: Leaf | None = strawberry.field(default_factory=Leaf)
    no_leaf: Leaf | None = None
    lost_leaf: Leaf = None  # type: ignore[assignment]
    leaves: list[Leaf] = strawberry.field(default_factory=lambda: [Leaf(), Leaf(text="b")])
    leaves_or_null: list[Leaf] | None = strawberry.field(default_factory=lambda: [Leaf()])
    holes: list[Leaf | None] = strawberry.field(default_factory=lambda: [Leaf(), None])
    lost: list[Leaf] = strawberry.field(default_factory=lambda: [Leaf(), None])
    texts: list[str] = strawberry.field(default_factory=lambda: ["x", "y"])

    @strawberry.field
    def below(self) -> "Tree | None":
        """Resolved at once."""
        return Tree(depth=self.depth + 1) if self.depth < 3 else None

    @strawberry.field
    async def later(self) -> "Tree":
        """Resolved later."""
        await asyncio.sleep(0)
        return Tree(depth=self.depth + 1)

    @strawberry.field
    async def trees(self) -> "list[Tree]":
        """Resolved later, and each of them has more to resolve."""
        await asyncio.sleep(0)
        return [Tree(depth=self.depth + 1), Tree(depth=self.depth + 1)]

    @strawberry.field
    def named(self) -> Named:
        """Of an abstract type."""
        return Tree(depth=self.depth + 1)

    @strawberry.field
    async def fails(self) -> str:
        """Raise, later."""
        await asyncio.sleep(0)
        raise ValueError("later")

    @strawberry.field
    def fails_at_once(self) -> str | None:
        """Raise."""
        raise ValueError("at once")


@strawberry.type
class Query:
    """The root."""

    tree: Tree | None = strawberry.field(default_factory=Tree)

    @strawberry.field
    async def root(self) -> Tree | None:
        """Return a tree."""
        return Tree()


SCHEMA: GraphQLSchema = strawberry.Schema(Query)._schema  # noqa: SLF001 - what is executed
SDL = str(strawberry.Schema(Query))


async def answered(query: str, executor: type[Executor[Any]] | None) -> Any:
    made = execute(SCHEMA, parse(query), root_value=Query(), executor_class=executor)
    result: ExecutionResult = await made if isinstance(made, Awaitable) else made
    # Fields that fail at the same time may be told of in any order.
    return {
        "data": result.data,
        "errors": sorted(str(each.formatted) for each in result.errors or ()),
    }


FIXED = [
    "{ root { leaf { text number empty } leaves { text } texts holes { text } } }",
    "{ root { leaf { wrong } } }",
    "{ root { leafOrNull { wrong } name } }",
    "{ root { leafOrNull { missing text } leaf { wrongOrNull } } }",
    "{ root { lostLeaf { text } } }",
    "{ root { lost { text } } }",
    "{ root { leavesOrNull { text missing } name } }",
    "{ root { noLeaf { text } below { below { below { below { name } } } } } }",
    "{ root { trees { later { name leaf { text } } fails } } }",
    "{ root { trees { trees { failsAtOnce later { leavesOrNull { missing } } } } } }",
    "{ root { named { __typename name ... on Tree { leaf { text } later { name } } } } }",
    "{ root { a: leaf { a: text } b: leaf { ...l } } } fragment l on Leaf { text wrongOrNull }",
    "{ tree { name later { fails } leaf { wrong } } }",
]


async def test_the_answers_are_what_they_should_be() -> None:
    found = await answered("{ root { leafOrNull { wrong } leaf { text } } }", ShortExecutor)
    assert found["data"] == {"root": {"leafOrNull": None, "leaf": {"text": "a"}}}
    assert "'path': ['root', 'leafOrNull', 'wrong']" in found["errors"][0]


async def both(query: str) -> None:
    assert await answered(query, ShortExecutor) == await answered(query, None)
    # What was left behind by a failure is ended in the background.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*left, return_exceptions=True)


@pytest.fixture
def unawaited() -> Iterator[None]:
    """Whatever executes it, a field that is cancelled before it began warns of that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        # Not just anywhere, where the warning could not be given.
        gc.disable()
        yield
        gc.collect()
        gc.enable()


@pytest.mark.usefixtures("unawaited")
@pytest.mark.parametrize("query", FIXED)
def test_the_same_answer(query: str) -> None:
    asyncio.run(both(query))


@pytest.mark.timeout(10)
async def test_fragments_that_double_take_no_longer_than_they_are() -> None:
    doubling = " ".join(f"fragment F{n} on Leaf {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40))
    query = f"{{ root {{ leaf {{ ...F0 }} }} }} {doubling} fragment F40 on Leaf {{ text }}"
    found = await answered(query, ShortExecutor)
    assert found == {"data": {"root": {"leaf": {"text": "a"}}}, "errors": []}


async def test_variables_make_no_end_of_writers() -> None:
    names = [f"v{n}" for n in range(8)]
    leaves = " ".join(f"leaf @include(if: ${name}) {{ text }}" for name in names)
    declared = " ".join(f"${name}: Boolean!" for name in names)
    document = parse(f"query ({declared}) {{ root {{ name {leaves} }} }}")
    kept: Writers = {}
    for number in range(1, 256):
        made = execute(
            SCHEMA,
            document,
            root_value=Query(),
            variable_values={name: bool(number >> n & 1) for n, name in enumerate(names)},
            executor_class=ShortExecutor,
            writers=kept,
        )
        result = await made if isinstance(made, Awaitable) else made
        assert result.data == {"root": {"name": "n", "leaf": {"text": "a"}}}
        assert len(kept) <= WRITERS_MAX


@pytest.mark.usefixtures("unawaited")
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(from_schema(SDL))
def test_any_query_has_the_same_answer(query: str) -> None:
    if not validate(SCHEMA, parse(query)):
        asyncio.run(both(query))
