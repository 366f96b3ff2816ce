"""Identifiers: their bits, their order, and that derived ones never change."""

import time
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.ids import content_hash, derived_id, new_id, new_secret, random_bytes


def test_new_ids_are_version_7_and_differ() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert {(id_.version, id_.variant) for id_ in ids} == {(7, RFC_4122)}
    assert len(set(ids)) == len(ids)


def test_every_free_bit_of_a_new_id_is_random() -> None:
    tails = [new_id().int & ((1 << 80) - 1) for _ in range(300)]
    ever, always = 0, (1 << 80) - 1
    for tail in tails:
        ever |= tail
        always &= tail
    changing = ever & ~always
    assert changing.bit_count() == 74


def test_new_ids_are_ordered_by_the_millisecond() -> None:
    ids = []
    for _ in range(20):
        ids.append(new_id())
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert len({id_.int >> 80 for id_ in ids}) == 20


def test_derived_id_is_version_8_and_stays_what_it_is() -> None:
    id_ = derived_id("purchase", "1", "b-42")
    assert (id_.version, id_.variant) == (8, RFC_4122)
    assert id_ == UUID("7a2b034c-1acf-8235-b489-c01775103608")


@pytest.mark.parametrize(
    "other", [("a",), ("a", "b", "c"), ("ab",), ("b", "a"), ("a", "b", ""), ("a\x1fb",), ("A", "b")]
)
def test_derived_id_differs_by_parts_and_their_borders(other: tuple[str, ...]) -> None:
    assert derived_id("a", "b") != derived_id(*other)


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_content_hash_tells_all_contents_apart(one: list[bytes], two: list[bytes]) -> None:
    assert (content_hash(*one) == content_hash(*two)) == (one == two)


def test_secrets_are_long_and_fit_into_addresses() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {43}
    assert all(set(secret) <= set(_URL_SAFE) for secret in secrets)


def test_random_bytes_are_as_many_as_asked_for_and_change_in_every_bit() -> None:
    drawn = [random_bytes(10) for _ in range(300)]
    assert {len(each) for each in drawn} == {10}
    numbers = [int.from_bytes(each) for each in drawn]
    ever, always = 0, (1 << 80) - 1
    for number in numbers:
        ever |= number
        always &= number
    assert (ever & ~always).bit_count() == 80


_URL_SAFE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
