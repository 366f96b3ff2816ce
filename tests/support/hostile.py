"""Documents that are made to cost much: within every limit, found by searching for the worst."""

from collections.abc import Callable

from graphql import GraphQLError, parse

from api.graphql import limits

Made = Callable[[int], str]


def listed(part: str, count: int, between: str = " ") -> str:
    """Return a text so many times, with its number for each `#` and the next for each `>`."""
    return between.join(
        part.replace("#", str(number)).replace(">", str(number + 1)) for number in range(count)
    )


def largest(made: Made, most: int = 1_000) -> str:
    """Return the largest document of a kind that may be looked at at all."""
    fits, too_large = 0, most + 1
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        if _fits(made(middle)):
            fits = middle
        else:
            too_large = middle
    return made(fits)


def _fits(text: str) -> bool:
    if limits.check_text(text) is not None:
        return False
    try:
        parse(text, max_lexical_tokens=limits.TOKENS_MAX)
    except GraphQLError as error:
        return "tokens" not in error.message
    return True


def _side_by_side(body: str, on: str = "Query", root: str = "{ * }") -> str:
    """Return fragments with one body, all of them spread in one place."""
    part = f"fragment F# on {on} {{ {body} }}"
    return largest(lambda n: root.replace("*", listed("...F#", n)) + listed(part, n))


def _chained(body: str, last: str, on: str = "Query", root: str = "{ ...F0 }") -> str:
    """Return fragments of which each spreads the next."""
    part = f"fragment F# on {on} {{ {body} }}"
    end = f"fragment F# on {on} {{ {last} }}"
    return largest(lambda n: root + listed(part, n) + end.replace("#", str(n)))


def _everyone_spreads_all_later(count: int) -> str:
    fragments = (
        f"fragment F{number} on Query {{ brand {{ id }} "
        + " ".join(f"...F{later}" for later in range(number + 1, count))
        + " }"
        for number in range(count)
    )
    return "{ ...F0 }" + " ".join(fragments)


def _operations(variables: str, body: str, item: str, rest: str = "") -> str:
    """Return as many operations as may be, which share a fragment with many items for `*`."""
    head = listed(f"query Q#{variables} {{ ...F }}", limits.OPERATIONS_MAX)
    fragment = f"fragment F on Query {{ {body} }}"
    return largest(lambda n: head + fragment.replace("*", listed(item, n)) + listed(rest, n))


def _many(body: str, item: str, between: str = " ") -> str:
    """Return a document with as many items for `*` as may be."""
    return largest(lambda n: body.replace("*", listed(item, n, between)))


def _long(body: str, unit: str) -> str:
    """Return a document with as much of ``unit`` for `*` as may be."""
    return body.replace("*", unit * ((limits.SOURCE_LENGTH_MAX - 200) // len(unit)))


_NAMES = " ".join(["name"] * limits.REPEATS_MAX)
_TIERS = " ".join(["tier { " + _NAMES + " }"] * limits.REPEATS_MAX)

WORST: dict[str, str] = {
    "fields in fields": "{ " + " ".join(["me { " + _TIERS + " }"] * 7) + " }",
    "fragments": _side_by_side("brand { id }"),
    "deep fragments": _side_by_side("me { movements { nodes { code points effectiveAt } } }"),
    "fragments of one object": _side_by_side("id code name", "Brand", "{ brand { * } }"),
    "fragments with arguments": _side_by_side('members(first: 1, after: "x") { nodes { id } }'),
    "everyone spreads all later": largest(_everyone_spreads_all_later),
    "a chain": _chained("...F>", "brand { id }"),
    "a chain, twice each": _chained("brand { id } ...F> ...F>", "brand { id }"),
    "a chain of types": _chained(
        "ofType { ...F> } ...F>", "name", "__Type", "{ __schema { types { ...F0 } } }"
    ),
    "a circle": _many("{ ...F0 } *", "fragment F# on Query { ...F# ...F0 }"),
    "introspection": _side_by_side("__schema { types { name fields { name type { name } } } }"),
    "operations that share fragments": _operations(
        "", "*", "...G#", "fragment G# on Query { brand { id } }"
    ),
    "operations that share variables": _operations("($a: ID!)", "nodes(ids: [*]) { id }", "$a"),
    "variables nobody knows": _operations("", "nodes(ids: [*]) { id }", "$a"),
    "variables nobody uses": _many("query (*) { __typename }", "$v#: Int"),
    "fields nearly right": _many("{ me { * } }", "displayNme#"),
    "arguments nearly right": _many("{ members(*) { nodes { id } } }", "firstt#: 1"),
    "types nearly right": _many("query (*) { __typename }", "$v#: RecordPurchasesInpu"),
    "inputs nearly right": _many(
        "mutation { recordPurchases(input: {*}) { errors { code } } }", "idempotencyKe#: 1"
    ),
    "lists in lists": "{ members(first: " + "[" * 190 + "1" + "]" * 190 + ") { nodes { id } } }",
    "objects in objects": "{ members(first: " + "{a: " * 190 + "1" + "}" * 190 + ") { pageInfo } }",
    "inline fragments in each other": "{ " + "... { " * 190 + "__typename" + " }" * 190 + " }",
    "a long list": _many("{ nodes(ids: [*]) { id } }", '"a"'),
    "directives": "{ " + listed("a#: __typename @skip(if: true) @include(if: true)", 25) + " }",
    "types of one's own": _many("*", "type A# { b: Int }"),
    "spaces": _long("{ __typename * }", " "),
    "commas": _long("{ __typename * }", ","),
    "lines": "{" + "\n" * (limits.LINES_MAX - 1) + listed("nothing#", 900) + "}",
    "a comment": _long("{ __typename } # *", "x"),
    "a name": _long("{ * }", "x"),
    "a string": _long('{ node(id: "*") { id } }', "x"),
    "escapes": _long('{ node(id: "*") { id } }', "\\n"),
    "code points": _long('{ node(id: "*") { id } }', "\\u{41}"),
    "a block of spaces": _long('{ node(id: """*""") { id } }', " "),
    "a block of lines": '{ node(id: """' + " \n" * (limits.LINES_MAX - 1) + '""") { id } }',
    "a whole number": _long("{ members(first: *) { nodes { id } } }", "1"),
    "a fraction": _long("{ members(first: 1.*) { nodes { id } } }", "1"),
    "an exponent": "{ members(first: 1e999999999) { nodes { id } } }",
    "a number": _long(
        'query { previewPurchase(input: {currency: "USD", lines: [{amount: "*"}]}) { points } }',
        "9",
    ),
    "an instant": _long('{ figures(asOf: "*") { members } }', "2"),
}
"""What is worst for the validator, by what is bad about it."""
