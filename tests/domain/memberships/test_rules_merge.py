"""Which two members are made one, on plain values."""

from uuid import UUID

from domain.memberships.rules_merge import Merge, State, Why, decide

ANN, BOB, CAT = (UUID(int=number) for number in (1, 2, 3))


def state() -> State:
    return State({"ann": ANN, "bob": BOB, "cat": CAT}, holders={CAT}, homes={})


def told(of: State, keep: str, absorb: str, reason: str = "one person") -> object:
    decided = decide(of, Merge("key", keep, absorb, "staff", reason))
    return decided.code if isinstance(decided, Why) else decided


def test_two_become_one_and_no_chain() -> None:
    of = state()
    assert told(of, "ann", "bob") == (ANN, BOB)
    assert told(of, "bob", "ann") == "ALREADY_MERGED"
    assert of.now("bob") == ANN


def test_why_not() -> None:
    of = state()
    assert told(of, "ann", "bob", " ") == "INVALID_INPUT"
    assert told(of, "ann", "bob", "x" * 201) == "INVALID_INPUT"
    assert told(of, "dan", "bob") == "UNKNOWN_MEMBER"
    assert told(of, "ann", "dan") == "UNKNOWN_MEMBER"
    assert told(of, "ann", "cat") == "HAS_OPEN_HOLDS"
    assert of == state()


def test_households_and_who_was_absorbed_before() -> None:
    home, other = UUID(int=8), UUID(int=9)
    of = State({"ann": ANN, "bob": BOB, "cat": CAT}, holders=(), homes={ANN: home, CAT: other})
    assert told(of, "ann", "cat") == "IN_TWO_HOUSEHOLDS"
    assert told(of, "bob", "ann") == (BOB, ANN)
    assert of.homes[BOB] == home
    del of.homes[BOB]
    assert told(of, "cat", "bob") == (CAT, BOB)
    assert (of.into, of.now("ann")) == ({ANN: CAT, BOB: CAT}, CAT)
