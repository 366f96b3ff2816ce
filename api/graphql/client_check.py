"""Whether the documents of client projects will run here: judged by what judges requests."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, NoDeprecatedCustomRule, validate

from api.auth import Role
from api.errors import Refusal
from api.graphql import limits
from api.graphql.client_files import Place, Remark, Sent, gathered
from api.graphql.documents import Documents, Operation


@dataclass(frozen=True, slots=True)
class Judged:
    """A good operation."""

    place: Place
    name: str
    kind: str
    cost: int
    """What it costs where variables do not make its lists longer than is usual."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of all documents."""

    operations: list[Judged]
    remarks: list[Remark]
    unreadable: list[str]

    @property
    def errors(self) -> int:
        """How many remarks are no mere warnings."""
        return sum(not each.warning for each in self.remarks)


def check(schema: GraphQLSchema, paths: Iterable[Path]) -> Report:
    """Judge every document in the files and below the folders."""
    documents = Documents(schema, hide_suggestions=False)
    sent, faults, unreadable = gathered(paths)
    # A fragment that several operations spread is at fault once.
    remarks = dict.fromkeys(faults)
    judged = []
    for each in sent:
        found = documents.prepare(each.text)
        if isinstance(found, Refusal):
            remarks |= {_remark(each, error): None for error in found.errors}
            continue
        place = each.place(1, 1)
        for operation in found.operations:
            cost = operation.cost.of({})
            if (error := _too_dear(operation, cost)) is not None:
                remarks[Remark(place, error.message)] = None
                continue
            judged.append(Judged(place, operation.name or "", operation.type.value, cost))
        aging = validate(schema, found.ast, [NoDeprecatedCustomRule])
        remarks |= {_remark(each, error, warning=True): None for error in aging}
    ordered = sorted(remarks, key=lambda each: (each.place.file, each.place.line))
    return Report(judged, ordered, unreadable)


def line(remark: Remark) -> str:
    """Return a remark as `file:line:column message`."""
    place, mark = remark.place, "warning: " if remark.warning else ""
    return f"{place.file}:{place.line}:{place.column} {mark}{remark.message}"


def summary(report: Report) -> str:
    """Return a line with what was found."""
    warnings = len(report.remarks) - report.errors
    good = len(report.operations)
    return f"good operations: {good}, errors: {report.errors}, warnings: {warnings}"


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as JSON holds it."""
    return {
        "operations": [
            {
                "file": each.place.file,
                "line": each.place.line,
                "name": each.name,
                "type": each.kind,
                "cost": each.cost,
            }
            for each in report.operations
        ],
        "problems": [
            {
                "file": each.place.file,
                "line": each.place.line,
                "column": each.place.column,
                "severity": "warning" if each.warning else "error",
                "message": each.message,
            }
            for each in report.remarks
        ],
        "unreadable": report.unreadable,
    }


def _too_dear(operation: Operation, cost: int) -> GraphQLError | None:
    """Return why nobody who may run the operation can pay for it."""
    callers = [role for role in Role if operation.refusal(role, introspection=True) is None]
    errors = [limits.check_cost(cost, role) for role in callers]
    return errors[-1] if errors and all(errors) else None


def _remark(sent: Sent, error: GraphQLError, *, warning: bool = False) -> Remark:
    at, column = 1, 1
    if error.locations:
        at, column = error.locations[0]
    return Remark(sent.place(at, column), error.message, warning)
