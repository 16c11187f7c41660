"""`midwatch roles`: the built-in roles, and those of one's own."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.outcome import OK, finish, put, put_json, spoken
from api.cli.people import note, opened_doors
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption

if TYPE_CHECKING:
    from core.security.roles import RoleTerms
    from core.storage.records import RoleRow

roles = typer.Typer(help="What users may do.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
MayOption = Annotated[
    list[str], typer.Option("--may", help="A permission, such as chat:use; repeat it.")
]
NamespaceOption = Annotated[
    list[str] | None, typer.Option("-n", "--namespace", help="See only these; repeat it.")
]
ClusterOption = Annotated[
    list[str] | None, typer.Option("--cluster", help="Reach only these; repeat it.")
]
AboutOption = Annotated[str, typer.Option(help="What the role is for.")]


@roles.command("list")
def list_roles(output: OutputOption = Output.TEXT) -> None:
    """Every role and what it grants, the built-in ones first."""
    finish(_list(output))


@roles.command("add")
def add_role(
    name: NameArgument,
    may: MayOption,
    namespace: NamespaceOption = None,
    cluster: ClusterOption = None,
    about: AboutOption = "",
) -> None:
    """Make a role of your own."""
    finish(_add(name, _terms(may, namespace, cluster, about)))


@roles.command("change")
def change_role(
    name: NameArgument,
    may: MayOption,
    namespace: NamespaceOption = None,
    cluster: ClusterOption = None,
    about: AboutOption = "",
) -> None:
    """Replace what a role grants; who holds it has the new rights at once."""
    finish(_change(name, _terms(may, namespace, cluster, about)))


@roles.command("remove")
def remove_role(name: NameArgument) -> None:
    """Remove a role that nobody holds."""
    finish(_remove(name))


def _terms(
    may: list[str], namespaces: list[str] | None, clusters: list[str] | None, about: str
) -> "RoleTerms":
    from core.security.roles import RoleTerms

    seen, reached = (frozenset(one) if one else None for one in (namespaces, clusters))
    return RoleTerms(frozenset(may), seen, about, reached)


async def _list(output: Output) -> int:
    from core.security.permissions import ROLES
    from core.security.roles import OwnRoles

    async with opened_doors() as (_, database, _):
        own = await OwnRoles(database).all()
    if output is Output.JSON:
        built_in = [{"name": name, "permissions": sorted(may)} for name, may in ROLES.items()]
        put_json({"built_in": built_in, "own": own})
    else:
        lines = [f"{name:<18}built in, {len(may)} permissions" for name, may in ROLES.items()]
        put("\n".join([*lines, *(_line(one) for one in own)]))
    return OK


def _line(role: "RoleRow") -> str:
    seen = "" if role.namespaces is None else f"  in {', '.join(sorted(role.namespaces))}"
    reached = "" if role.clusters is None else f"  of cluster {', '.join(sorted(role.clusters))}"
    return f"{role.name:<18}{' '.join(sorted(role.permissions))}{seen}{reached}"


async def _add(name: str, terms: "RoleTerms") -> int:
    from api.cli.identity import OPERATOR
    from core.security.roles import OwnRoles

    async with opened_doors() as (_, database, _):
        row = await OwnRoles(database).add(name, terms, maker=OPERATOR)
        await note(database, "role.add", name, permissions=sorted(row.permissions))
    put(_line(row))
    return OK


async def _change(name: str, terms: "RoleTerms") -> int:
    from api.cli.identity import OPERATOR
    from core.security.roles import OwnRoles

    async with opened_doors() as (_, database, _):
        row = await OwnRoles(database).change(name, terms, maker=OPERATOR)
        await note(database, "role.change", name, permissions=sorted(row.permissions))
    put(_line(row))
    return OK


async def _remove(name: str) -> int:
    from api.cli.identity import OPERATOR
    from core.security.roles import OwnRoles

    async with opened_doors() as (_, database, _):
        await OwnRoles(database).remove(name, maker=OPERATOR)
        await note(database, "role.remove", name)
    put(SENTENCES.said("role_gone", name=name).told(spoken()))
    return OK
