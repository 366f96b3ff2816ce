"""The GraphQL schema, one file per noun; `schema.py` puts it together."""
