"""An element's bytes order a board exactly as its score, moment and entity do."""

import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from gamification.leaderboards.rules_keys import (
    SCORE_MAX,
    SHARDS_MAX,
    Element,
    element_key,
    fits,
    member_of,
    microseconds,
    moment_bytes,
    pack,
    pulse_key,
    read_element,
    root_key,
    shard_key,
    shard_of,
    shards_for,
)

MOMENTS = st.datetimes(
    # Hypothesis adds the zone.
    datetime(1900, 1, 1),  # noqa: DTZ001
    datetime(9999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
ELEMENTS = st.builds(Element, st.uuids(), st.integers(-SCORE_MAX, SCORE_MAX), MOMENTS)


@given(st.lists(ELEMENTS, unique_by=lambda each: each.entity, max_size=20), st.integers(1, 4))
def test_the_order_of_elements_is_that_of_the_board(given_: list[Element], scores: int) -> None:
    elements = [Element(each.entity, each.score % scores, each.reached_at) for each in given_]
    by_bytes = sorted(elements, key=lambda each: (each.score, member_of(each)), reverse=True)
    assert by_bytes == sorted(elements, key=element_key, reverse=True)
    assert by_bytes == sorted(
        elements,
        key=lambda each: (-each.score, each.reached_at, [255 - b for b in each.entity.bytes]),
    )


@given(ELEMENTS)
def test_an_element_is_read_as_it_was_written(element: Element) -> None:
    assert read_element(member_of(element), str(element.score).encode()) == element
    assert read_element(member_of(element), float(element.score)) == element


def test_a_microsecond_counts() -> None:
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    later = moment + timedelta(microseconds=1)
    assert moment_bytes(moment) > moment_bytes(later)
    assert microseconds(later) - microseconds(moment) == 1
    assert moment_bytes(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)) > moment_bytes(
        datetime(1970, 1, 1, tzinfo=UTC)
    )


def test_scores_beyond_the_border_do_not_fit() -> None:
    assert [fits(score) for score in (2**53, 2**53 + 1, -(2**53), -(2**53) - 1)] == [
        True,
        False,
        True,
        False,
    ]


def test_what_is_not_listed_has_no_number() -> None:
    row = Element(UUID(int=5), 7, datetime(2026, 1, 1, tzinfo=UTC))
    large = Element(UUID(int=6), 2**53 + 1, datetime(2026, 1, 1, tzinfo=UTC))
    packed = pack([(row, True), (row, False), (large, True)])
    scores = [struct.unpack(">d", packed[at + 24 : at + 32])[0] for at in (0, 32, 64)]
    assert scores[0] == 7
    assert all(score != score for score in scores[1:])  # noqa: PLR0124 - only NaN is not itself


def test_a_window_is_split_in_powers_of_two() -> None:
    wanted = {0: 1, 100: 1, 101: 2, 200: 2, 201: 4, 900: 16, 10**9: SHARDS_MAX}
    assert {members: shards_for(members, 100) for members in wanted} == wanted
    assert {shard_of(UUID(int=n), 4) for n in range(256)} == {0, 1, 2, 3}


def test_keys_of_a_shard_lie_in_one_slot() -> None:
    assert shard_key(12, 1, 0) == root_key(12) == b"lb:{w12}"
    assert shard_key(12, 4, 3) == b"lb:{w12.4.3}"
    assert key_slot(root_key(12)) == key_slot(root_key(12) + b":7:z")
    assert pulse_key(3, "x") == b"lb:{pulse3}:x"
