"""Which media type a caller wants, from its Accept header."""

from api.http.weights import weighted

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"
EVENTS = "text/event-stream"
PARTS = "multipart/mixed"


def wanted(accept: str, offered: tuple[str, ...]) -> str | None:
    """Return the best of ``offered`` for an Accept header, None if none will do.

    Without a header, or where two are wanted alike, the earlier offer is taken.
    """
    ranges = [each for each in weighted(accept) if "/" in each[0]]
    if not ranges:
        return offered[0]
    best, best_weight = None, 0.0
    for kind in offered:
        matching = [(name.count("*"), -weight) for name, weight in ranges if _covers(name, kind)]
        # The most specific range decides, as RFC 9110 says.
        weight = -min(matching)[1] if matching else 0.0
        if weight > best_weight:
            best, best_weight = kind, weight
    return best


def _covers(name: str, kind: str) -> bool:
    return name in (kind, "*/*", kind.partition("/")[0] + "/*")
