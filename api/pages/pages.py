"""The start page and the query explorer. Both are whole without any other server."""

import html
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from kit.settings import Settings

HERE = Path(__file__).parent
STATIC = HERE / "static"
EXAMPLES_FILE = "demo.json"

_SNAPSHOT = HERE.parent / "graphql" / "schema.graphql"
_START = Template((HERE / "start.html").read_text(encoding="utf-8"))
_EXPLORER = Template((HERE / "graphiql.html").read_text(encoding="utf-8"))
_POLICY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
# GraphiQL sets styles as it runs, and its style sheet holds its fonts.
_EXPLORER_POLICY = {
    **_POLICY,
    "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

_log = structlog.get_logger("laurel.pages")


@dataclass(frozen=True, slots=True)
class Example:
    """A query to try, with a token that works in this installation."""

    title: str
    query: str
    variables: dict[str, Any]
    token: str


class Pages:
    """The pages of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._development = settings.environment == "development"

    async def start(self, request: Request) -> Response:
        """Return the start page: what is here, and the examples if there are any."""
        examples = self._examples()
        origin = f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"
        page = _START.substitute(
            links="\n".join(_link(*each) for each in self._links()),
            examples=_shown(examples, origin) if examples else self._hint(),
            environment=self._settings.environment,
        )
        return HTMLResponse(page, headers=_POLICY)

    async def explorer(self, _: Request) -> Response:
        """Return GraphiQL with a tab per example."""
        data = orjson.dumps(self._examples()).decode()
        # Inside a script element only this sign could end it.
        page = _EXPLORER.substitute(examples=data.replace("<", "\\u003c"))
        return HTMLResponse(page, headers=_EXPLORER_POLICY)

    async def schema(self, _: Request) -> Response:
        """Return the schema as text."""
        return PlainTextResponse(_SNAPSHOT.read_text(encoding="utf-8"))

    def _links(self) -> list[tuple[str, str, str]]:
        links = [
            ("/schema.graphql", "Schema", "Every type and field, as text"),
            ("/readyz", "Health", "Whether this installation can serve"),
            ("/metrics", "Metrics", "Counts and times for Prometheus"),
        ]
        if self._examples():
            links.insert(0, ("/boards/grocer/visits", "Boards", "Who comes most often, live"))
        if self._development:
            links.insert(0, ("/graphql", "Explorer", "Write queries, read the documentation"))
        return links

    def _hint(self) -> str:
        if not self._development:
            return ""
        return (
            '<p class="note">No demonstration data is loaded. <code>laurel demo</code> loads a'
            " real year of loyalty cards and shows queries to try here.</p>"
        )

    def _examples(self) -> list[Example]:
        path = self._settings.data_dir / EXAMPLES_FILE
        if not self._development or not path.is_file():
            return []
        try:
            return [Example(**each) for each in orjson.loads(path.read_bytes())]
        except (OSError, ValueError, TypeError) as error:
            _log.warning("the examples can't be read", path=str(path), error=repr(error))
            return []


def _link(address: str, title: str, text: str) -> str:
    return f'<a href="{address}"><strong>{title}</strong><span>{text}</span></a>'


def _shown(examples: list[Example], origin: str) -> str:
    articles = "\n".join(_article(place, each, origin) for place, each in enumerate(examples))
    return f"<h2>Try it</h2>\n{articles}"


def _article(place: int, example: Example, origin: str) -> str:
    body = {"query": example.query, "variables": example.variables}
    command = (
        f"curl {origin}/graphql \\\n"
        f"  -H 'Authorization: Bearer {example.token}' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{_quoted(orjson.dumps(body).decode())}'"
    )
    variables = orjson.dumps(example.variables, option=orjson.OPT_INDENT_2).decode()
    given = f"<pre>{html.escape(variables)}</pre>" if example.variables else ""
    return (
        f"<article><header><h3>{html.escape(example.title)}</h3>"
        f'<a href="/graphql?example={place}">open in the explorer</a></header>'
        f"<pre>{html.escape(example.query.strip())}</pre>{given}"
        f"<details><summary>on the command line</summary><pre>{html.escape(command)}</pre>"
        "</details></article>"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "'\\''")
