"""The public audits of GraphQL over HTTP (npm `graphql-http`), all of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import node
from tests.support.served import Site

AUDITS = 61
# It asks with a bare GET, as an image on any site's page could; we want a header with that.
BARE_GET = "5A70"


def audited(suites: Path, site: Site, *preflight: str) -> dict[str, dict[str, Any]]:
    done = node(suites / "audits.mjs", site.address, *preflight)
    assert done.returncode == 0, done.stderr
    return {each["id"]: each for each in json.loads(done.stdout)}


def failed(results: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {
        name: f"{each['status']}: {each['name']}: {each['reason']}"
        for name, each in results.items()
        if each["status"] != "ok"
    }


@pytest.mark.parametrize("header", ["apollo-require-preflight", "x-apollo-operation-name"])
def test_every_audit_is_met(suites: Path, site: Site, header: str) -> None:
    results = audited(suites, site, header)
    assert len(results) == AUDITS
    assert failed(results) == {}


def test_only_a_get_without_any_header_is_refused(suites: Path, site: Site) -> None:
    assert list(failed(audited(suites, site))) == [BARE_GET]
