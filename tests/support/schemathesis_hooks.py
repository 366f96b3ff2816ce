"""What Schemathesis adds to its own ideas; it loads this file by name.

It makes up values for our scalars, and half of the time it puts what earlier answers said (ids,
cursors) and what exists (members, purchases) where an operation asks for such things.
"""

import re
from random import Random
from typing import Any

import schemathesis.graphql
from hypothesis import strategies as st
from schemathesis import Case, HookContext, Response
from schemathesis.graphql import nodes

DECIMALS = st.decimals(min_value=-1000, max_value=10**17, places=2, allow_nan=False)
INSTANTS = st.datetimes().map(lambda each: each.isoformat(timespec="seconds") + "Z")

schemathesis.graphql.scalar("Cursor", st.text().map(nodes.String))
schemathesis.graphql.scalar("Date", (st.dates().map(str) | st.text()).map(nodes.String))
schemathesis.graphql.scalar("Points", (DECIMALS.map(str) | st.text()).map(nodes.String))
schemathesis.graphql.scalar("Decimal", (DECIMALS.map(str) | st.text()).map(nodes.String))
schemathesis.graphql.scalar("DateTime", (INSTANTS | st.text()).map(nodes.String))

_random = Random(7)
_known: dict[str, list[str]] = {
    "id": [],
    "after": [],
    "externalId": ["m1", "m2", "p3"],
    "member": ["m1", "m3"],
    "purchase": ["p1", "p2"],
    "kind": ["review", "purchase"],
    "tier": ["VIB", "Rouge"],
    "points": ["5", "-3"],
    "reason": ["a gift"],
    "currency": ["USD"],
    "amount": ["1.00", "12.34"],
    "occurredAt": ["2026-03-01T00:00:00Z"],
}
_known["before"] = _known["after"]
_known["grant"] = _known["id"]
_TEXT = re.compile(rf'\b({"|".join(_known)}): "(?:\\.|[^"\\])*"')
_SIZE = re.compile(r"\b(first|last): -?\d+")
_KEPT_MAX = 200


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], __: dict[str, Any]) -> None:
    """Put known values into half of the operations."""
    if isinstance(case.body, str) and _random.random() < 0.5:
        body = _SIZE.sub(lambda found: f"{found[1]}: {_random.randrange(101)}", case.body)
        case.body = _TEXT.sub(_replaced, body)


@schemathesis.hook
def after_call(_: HookContext, __: Case[Any], response: Response) -> None:
    """Keep the ids and cursors of an answer."""
    text = response.content.decode()
    for name, pattern in (("id", r'"id":"([^"]+)"'), ("after", r'ursor":"([^"]+)"')):
        _known[name] += re.findall(pattern, text)
        del _known[name][:-_KEPT_MAX]


def _replaced(found: re.Match[str]) -> str:
    known = _known[found[1]]
    return f'{found[1]}: "{_random.choice(known)}"' if known else found[0]
