"""Queries made up by chance from the schema, the same ones for the same seed."""

from collections.abc import Mapping
from random import Random

from graphql import GraphQLSchema

from tests.support.operations import May, Step, Values, arguments, met, roots, steps

FIELDS_MAX = 60
DEPTH_MAX = 9


class MadeUp:
    """Makes up queries of fields that ``may`` be asked for.

    ``values`` are those of arguments that a field demands; ``choices`` are values, by name, of
    arguments that it can do without.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        may: May,
        values: Values,
        choices: Mapping[str, list[object]],
        random: Random,
    ) -> None:
        self._schema = schema
        self._may = may
        self._values = values
        self._choices = choices
        self._random = random
        self._left = 0

    def root(self, alias: str) -> str:
        """Return another root field with what is asked of it, under this name."""
        self._left = FIELDS_MAX
        asked = [
            step
            for step in roots(self._schema).values()
            if step.kind is self._schema.query_type and self._may(step.coordinate, step.field)
        ]
        return self._asked(self._random.choice(asked), 1, f"{alias}: ")

    def _asked(self, step: Step, depth: int, alias: str) -> str:
        kinds = met(self._schema, step)
        given, besides = dict(self._values), []
        for name, choices in self._choices.items():
            if name in step.field.args and self._random.random() < 0.3:
                given[name] = self._random.choice(choices)
                besides.append(name)
        if "first" in besides and "last" in besides:
            besides.remove("last")
        self._left -= 1
        text = f"{step.name}{arguments(step, given, tuple(besides))}"
        if not kinds:
            return f"{alias}{text}"
        first, *others = kinds
        parts = [self._selected(first, depth + 1)]
        parts += [f"... on {kind} {{ {self._selected(kind, depth + 1)} }}" for kind in others]
        return f"{alias}{text} {{ {' '.join(parts)} }}"

    def _selected(self, name: str, depth: int) -> str:
        parts = ["__typename"]
        for number, step in enumerate(steps(self._schema, name)):
            goes_on = bool(met(self._schema, step))
            if not self._may(step.coordinate, step.field) or (goes_on and depth >= DEPTH_MAX):
                continue
            if self._left > 0 and self._random.random() < (0.6 if goes_on else 0.3):
                # One answer can't hold the same field with two meanings.
                alias = f"{name}{number}: " if step.field.args else ""
                parts.append(self._asked(step, depth, alias))
        return " ".join(parts)
