"""The public audits of GraphQL over HTTP (npm `graphql-http`), all of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import node
from tests.support.served import Site

AUDITS = 61


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


@pytest.mark.parametrize("headers", [[], ["apollo-require-preflight"]])
def test_every_audit_is_met(suites: Path, site: Site, headers: list[str]) -> None:
    results = audited(suites, site, *headers)
    assert len(results) == AUDITS
    assert failed(results) == {}
