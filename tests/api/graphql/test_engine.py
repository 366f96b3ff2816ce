"""What a request is charged, what it may guess, and what is counted of it."""

import asyncio
import math
import time

import pytest

from api.auth import Role
from api.graphql.allowances import COST_MIN, GUESSES, UNKNOWN_COST, allowance
from api.graphql.guesses import UNDER_WAY_MAX
from tests.support.client import THRIFTY, Answer, Client
from tests.support.shop import purchase

ME = "query Me { me { externalId } }"


def left(answer: Answer) -> int:
    found: int = answer.json["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]
    return found


def restored(began: float) -> int:
    """How much came back into a staff's bucket since ``began``, at most: a machine may be slow."""
    usual = allowance(Role.STAFF, THRIFTY)
    return math.ceil((time.monotonic() - began) * usual.per_second)


async def test_the_cost_is_told(client: Client) -> None:
    answer = await client.ask(ME, client.member("told"))
    usual = allowance(Role.MEMBER, 100)
    cost = answer.json["extensions"]["cost"]
    available = cost["throttleStatus"].pop("currentlyAvailable")
    assert cost == {
        "requestedQueryCost": 1,
        "maximumQueryCost": 1_000,
        "throttleStatus": {
            "maximumAvailable": usual.capacity,
            "restoreRate": usual.per_second,
        },
    }
    assert usual.capacity - UNKNOWN_COST - 1 <= available <= usual.capacity


async def test_an_unknown_document_costs_more(thrifty: Client) -> None:
    token = thrifty.staff
    await thrifty.ask("query A { brand { code } }", token)
    began = time.monotonic()
    first = left(await thrifty.ask("query A { brand { code } }", token))
    second = left(await thrifty.ask("query B { brand { code } }", token))
    taken = first - second
    assert taken <= UNKNOWN_COST + COST_MIN
    assert taken + restored(began) >= UNKNOWN_COST


async def test_whoever_asks_too_much_is_told_when_to_come_back(thrifty: Client) -> None:
    token = thrifty.member("greedy")
    answers = [await thrifty.ask(ME + f"#{number}", token) for number in range(12)]
    refused = answers[-1]
    assert (refused.status, refused.codes) == (429, ["RATE_LIMITED"])
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 200
    assert "data" not in refused.json
    # It is one member of one app that has to wait, nobody else.
    assert (await thrifty.ask(ME, thrifty.member("modest"))).data == {"me": None}
    await asyncio.sleep(int(refused.headers["retry-after"]))
    assert (await thrifty.ask(ME, token)).data == {"me": None}


async def test_refused_requests_cost_as_well(thrifty: Client) -> None:
    token = thrifty.staff
    began = time.monotonic()
    before = left(await thrifty.ask("{ brand { code } }", token))
    for _ in range(5):
        assert (await thrifty.ask(ME, token)).status == 403
    after = left(await thrifty.ask("{ brand { code } }", token))
    assert before - after + restored(began) >= UNKNOWN_COST


async def test_credentials_that_do_not_hold_are_paid_for(thrifty: Client) -> None:
    # More than a bucket in Valkey and one in this process hold, where Valkey is too slow for some.
    answers = await asyncio.gather(*(thrifty.ask(ME, f"lk_{number}") for number in range(600)))
    assert {answer.status for answer in answers} == {401, 429}


async def test_guesses_are_counted_per_field_not_per_request(client: Client) -> None:
    await client.shop.buy(purchase("p1", "ana", 100, client.shop.clock.now()))
    many = " ".join(f'm{n}: memberBy(by: {{externalId: "{{}}{n}"}}) {{ id }}' for n in range(25))
    refused: list[str | None] = []
    for start in range(GUESSES.capacity // 25 + 1):
        answer = await client.ask(f"{{ {many.replace('{}', f'x{start}-')} }}", client.server)
        refused += answer.reasons if "errors" in answer.json else []
    assert set(refused) == {"TOO_MANY_GUESSES"}
    # Then what exists is not told either, or the refusal would be the answer.
    known = '{ memberBy(by: {externalId: "ana"}) { id } }'
    assert (await client.ask(known, client.server)).reasons == ["TOO_MANY_GUESSES"]
    assert (await client.ask(known, client.staff)).data["memberBy"]


async def test_requests_at_once_give_no_more_guesses(client: Client) -> None:
    many = " ".join(f'm{n}: memberBy(by: {{externalId: "{{}}{n}"}}) {{ id }}' for n in range(25))
    wanted = [f"{{ {many.replace('{}', f'x{start}-')} }}" for start in range(60)]
    answers = await asyncio.gather(*(client.ask(each, client.server) for each in wanted))
    refused = sum(len(each.json.get("errors", ())) for each in answers)
    assert 25 * len(wanted) - refused <= 3 * UNDER_WAY_MAX


async def test_what_is_found_is_no_guess(client: Client) -> None:
    await client.shop.buy(purchase("p1", "ana", 100, client.shop.clock.now()))
    many = " ".join(f'm{n}: memberBy(by: {{externalId: "ana"}}) {{ id }}' for n in range(25))
    for _ in range(GUESSES.capacity // 25 + 1):
        assert (await client.ask(f"{{ {many} }}", client.server)).data


async def test_programs_are_counted_by_name(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"x-client-name": "ios", "x-client-version": "3.1"}
    assert (await client.post({"query": ME}, client.member("ana"), **named)).data
    assert "client=ios/3.1" in capsys.readouterr().out
