"""The kinds of caller: what each may ask for, and with which credentials."""

from graphql import GraphQLField, GraphQLSchema, get_named_type

from api.auth import Role
from api.graphql.fields import allowed
from tests.support.client import Client
from tests.support.operations import May, Step, fresh

SIGNED_IN = (Role.MEMBER, Role.SERVER, Role.STAFF)


def token(client: Client, role: Role, member: str = "ana") -> str:
    """Return what such a caller of a brand signs in with."""
    if role is Role.MEMBER:
        return client.member(member)
    return {Role.ANONYMOUS: "", Role.SERVER: client.server, Role.STAFF: client.staff}[role]


async def granted(client: Client, member: str, tier: str) -> str:
    """Give a member a tier by hand; return the grant's id."""
    mutation = """
    mutation ($input: GrantStatusInput!) {
      grantStatus(input: $input) { grant { id } errors { code } }
    }
    """
    given = {"idempotencyKey": fresh(), "member": member, "tier": tier, "reason": "a friend"}
    answer = (await client.ask(mutation, client.server, input=given)).data["grantStatus"]
    assert answer["errors"] == []
    return str(answer["grant"]["id"])


def may(role: Role) -> May:
    """Allow what such a caller may ask for."""

    def judged(_: str, asked: GraphQLField) -> bool:
        return role in (allowed(asked) or ())

    return judged


def narrow(schema: GraphQLSchema, role: Role) -> May:
    """Allow what such a caller may ask for, but not the whole of the root of queries again."""

    def judged(_: str, asked: GraphQLField) -> bool:
        again = get_named_type(asked.type) == schema.query_type
        return role in (allowed(asked) or ()) and not again

    return judged


def asker(step: Step) -> Role:
    """Return who is asked to try a field: those who see most first."""
    found = allowed(step.field) or ()
    return next(role for role in (*reversed(SIGNED_IN), Role.ANONYMOUS) if role in found)
