"""Short ways to play over GraphQL, and a shop with games of many kinds."""

from typing import Any

from tests.support.client import Client
from tests.support.operations import fresh

GAMES = """
[streaks]

[[streaks.streak]]
code = "daily"
name = { en = "Every day", vi = "Mỗi ngày" }
every = "day"
freezes_max = 2
repair_days = 3
repairs_free = 1

[[streaks.streak.milestone]]
at = 2
name = "Two"
prize = { freeze = 1, streak = "daily" }

[[streaks.streak.milestone]]
at = 5
prize = { reward = "rare" }

[[streaks.streak]]
code = "plain"
name = "Plain"
every = "week"

[challenges]

[[challenges.challenge]]
code = "sprint"
name = { en = "Sprint", vi = "Chạy nước rút" }
opt_in = true
until = 2026-04-01
goal = [{ kind = "count", target = "2" }]
prize = [{ points = "25" }, { badge = "hero" }]

[[challenges.challenge]]
code = "gone"
name = "Gone"
opt_in = true
until = 2026-03-01
goal = [{ target = "2" }]

[[challenges.challenge]]
code = "secret"
name = "Secret"
hidden = true
goal = [{ target = "3", name = { en = "Three baskets", vi = "Ba giỏ hàng" } }]
prize = [{ reward = "rare" }]
budget = 1

[[challenges.challenge]]
code = "luck"
name = "Luck"
goal = [{ kind = "sum", of = "amount", target = "100.00" }]
hold_days = 2
after = ["sprint"]
[[challenges.challenge.prize]]
[[challenges.challenge.prize.mystery]]
weight = 1
points = "40"
[[challenges.challenge.prize.mystery]]
weight = 1
points = "40"
"""
"""Besides the rewards and the badge of `tests.support.games`."""


async def done(client: Client, verb: str, token: str, asked: str = "", **given: object) -> Any:
    """Do one thing; return its payload. ``given`` may hold the idempotency key."""
    name = verb[0].upper() + verb[1:]
    whole = f"{asked} errors {{ code field }}"
    mutation = f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ {whole} }} }}"
    answer = await client.ask(mutation, token, input={"idempotencyKey": fresh(), **given})
    return answer.data[verb]


async def refused(client: Client, verb: str, token: str, **given: Any) -> tuple[str, str]:
    """Do one thing that is refused; return the code and the name of the input at fault."""
    (error,) = (await done(client, verb, token, **given))["errors"]
    return error["code"], error["field"][-1]
