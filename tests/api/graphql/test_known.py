"""Persisted documents: as many as have room, each for its own callers, in Valkey and at hand."""

import hashlib

import pytest

from api.errors import RefusedError
from api.graphql.known import KEPT_PLACES, KnownDocuments
from api.graphql.parameters import Parameters
from api.runtime import Runtime


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def kept(known: KnownDocuments, text: str, tenant: str = "grocer") -> None:
    await known.keep(Parameters(text, persisted_hash=digest(text)), tenant)


async def found(known: KnownDocuments, name: str, tenant: str = "grocer") -> str | None:
    given = Parameters(None, persisted_hash=name)
    try:
        return await known.text(given, tenant, trusted_only=False)
    except RefusedError as error:
        if error.refusal.code != "PERSISTED_QUERY_NOT_FOUND":
            raise
        return None


async def test_nobody_can_fill_valkey(runtime: Runtime) -> None:
    tenant = digest(str(runtime.settings.data_dir))
    here, elsewhere = KnownDocuments({}, runtime.nodes), KnownDocuments({}, runtime.nodes)
    texts = [f"{{ a{number} }}" for number in range(3 * KEPT_PLACES)]
    for text in texts:
        await kept(here, text, tenant)
    assert len(await runtime.valkey.keys(f"laurel:document:{tenant}:*")) <= KEPT_PLACES
    # The last one has its place; whoever lost it is sent again, and never another instead.
    assert await found(elsewhere, digest(texts[-1]), tenant) == texts[-1]
    answers = [await found(elsewhere, digest(text), tenant) for text in texts]
    assert all(answer in {text, None} for answer, text in zip(answers, texts, strict=True))
    assert 0 < answers.count(None) < len(texts)
    assert await found(elsewhere, digest(texts[-1]), "coffee") is None


async def test_what_is_at_hand_is_bounded_too(runtime: Runtime) -> None:
    tenant, first = digest(str(runtime.settings.data_dir)), "{ first }"
    known = KnownDocuments({}, runtime.nodes)
    await kept(known, first, tenant)
    await forgotten(runtime, tenant)
    assert await found(known, digest(first), tenant) == first
    for number in range(60):
        await kept(known, f"{{ a }}#{number}" + "x" * 19_000, tenant)
    await forgotten(runtime, tenant)
    assert await found(known, digest(first), tenant) is None


async def forgotten(runtime: Runtime, tenant: str) -> None:
    await runtime.valkey.delete(*await runtime.valkey.keys(f"laurel:document:{tenant}:*"))


@pytest.mark.parametrize("name", ["", "x", "0" * 63, "g" * 64, "0" * 65, "\ud800" * 64])
async def test_what_is_no_hash_is_not_looked_for(runtime: Runtime, name: str) -> None:
    assert await found(KnownDocuments({}, runtime.nodes), name) is None
