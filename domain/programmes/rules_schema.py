"""The JSON Schema of programme files, for editors that complete and check while people write."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from domain.programmes.rules import SectionKinds, model_of

# What a bound is called where a validator of our own stands before it.
_BOUNDS = {"ge": "minimum", "le": "maximum"}

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(sections: SectionKinds) -> dict[str, Any]:
    """Return the schema of a file with these sections.

    It says what a file looks like: names, kinds of values, choices, which are needed. What
    settings say to each other it can't say; `load` does.
    """
    schema = model_of(sections).model_json_schema(by_alias=True, schema_generator=_Generator)
    tidied: dict[str, Any] = _tidied(schema)
    return {"$schema": DIALECT, "title": "A loyalty programme of Laurel", **tidied}


class _Generator(GenerateJsonSchema):
    """What TOML is: it has no null, and a setting that is left out isn't there."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def _tidied(value: Any) -> Any:
    """Return a schema without what helps nobody: names of classes, defaults of nothing."""
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    empty = value.get("default", "") in (None, [])
    kept = {
        _BOUNDS.get(name, name): _tidied(each)
        for name, each in value.items()
        if not (name == "title" and isinstance(each, str)) and not (name == "default" and empty)
    }
    if isinstance(kept.get("description"), str):
        kept["description"] = kept["description"].replace("``", "`")
    return kept
