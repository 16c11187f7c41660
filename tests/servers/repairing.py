"""A practice cluster with something wrong, and people who may ask, approve and apply."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import yaml

from core.principal import Permission, Principal
from core.security.audit import AuditLog
from core.storage.database import Database
from core.storage.kept_fixes import KeptFixes
from mcp_servers.client import Connections, FixDesk, Sessions, Tools, fix_desk, in_process
from sandbox.server import Addresses, serving_in_thread
from tests.proxy import Proxy, kubeconfig_through, proxying

ROOT = Path(__file__).parents[2]
SNAPSHOTS = ROOT / "sandbox" / "snapshots"
KEY = "a key that seals approvals in tests"
# The practice cluster's time passes so much faster; Midwatch's own does not.
SPEED = 60.0
BRISK = "[limits]\nsettle_s = 0.3\npoll_s = 0.1\nlease_s = 1\ndeadline_s = 120\n"
# Where several are alive, a slow machine must not make one of them look dead to the others.
ALIVE = BRISK.replace("lease_s = 1\n", "lease_s = 120\n")
# How long an end is waited for; on a busy machine a look takes seconds.
END_S = 240
CHECKOUT = "/apis/apps/v1/namespaces/shop/deployments/checkout"

ANN = Principal("ann", permissions=frozenset(Permission))
BOB = Principal("bob", permissions=frozenset(Permission), present=True)
Body = dict[str, Any]
Store = Callable[[Database], KeptFixes]


@dataclass(frozen=True)
class Repairing:
    """One Midwatch over one practice cluster. `web` asks the cluster itself."""

    sessions: Sessions
    store: KeptFixes
    audit: AuditLog
    folder: Path
    url: str
    addresses: Addresses
    web: httpx2.Client
    proxy: Proxy
    desk: FixDesk

    @property
    def kubeconfig(self) -> Path:
        """By way of the proxy."""
        return self.folder / "kubeconfig-through-proxy"

    def as_(self, principal: Principal) -> Tools:
        return Tools(self.sessions, principal)

    async def call(self, tool: str, principal: Principal = ANN, **arguments: Any) -> Body:
        return (await self.as_(principal).call(tool, **arguments)).data

    async def planned(self, **wanted: Any) -> Body:
        """A plan that may be approved; without arguments that for the memory of checkout."""
        asked = wanted or {"namespace": "shop", "kind": "Deployment", "name": "checkout"}
        plan = await self.call("autofix_plan", **asked)
        assert plan["plan_id"], plan["refused"]
        return plan

    async def approved(self, **wanted: Any) -> str:
        plan = await self.planned(**wanted)
        name = plan["steps"][0]["target"]["name"]
        await self.call("autofix_approve", BOB, plan_id=plan["plan_id"], typed_name=name)
        return str(plan["plan_id"])

    async def applied(self, plan_id: str, **more: Any) -> Body:
        return await self.call("autofix_apply", plan_id=plan_id, wait_s=END_S, **more)

    def get(self, path: str) -> Body:
        return self.web.get(path).raise_for_status().json()

    def patch(self, path: str, body: Body) -> Body:
        kind = {"content-type": "application/strategic-merge-patch+json"}
        return self.web.patch(path, json=body, headers=kind).raise_for_status().json()

    def memory(self) -> str:
        """The memory limit of checkout."""
        containers = self.get(CHECKOUT)["spec"]["template"]["spec"]["containers"]
        [limit] = [
            one["resources"]["limits"]["memory"] for one in containers if one["name"] == "checkout"
        ]
        return str(limit)

    def writes(self) -> int:
        """How many writes the API was sent that were no dry runs."""
        return self.proxy.requests(WRITE)


# Access reviews and dry runs change nothing.
WRITE = r"^(PATCH|DELETE|PUT) (?!.*dryRun)|^POST (?!.*(dryRun|selfsubjectaccessreviews))"


@asynccontextmanager
async def repairing(
    folder: Path,
    story: str = "shop",
    *,
    policy: str = BRISK,
    speed: float = SPEED,
    url: str = "",
    kept_in: Store = KeptFixes,
) -> AsyncGenerator[Repairing]:
    """Midwatch reaches the cluster through a proxy that may fail. `url` is that of its database."""
    with serving_in_thread(SNAPSHOTS / story, speed=speed) as addresses:
        async with over(addresses, folder, policy=policy, url=url, kept_in=kept_in) as opened:
            yield opened


@asynccontextmanager
async def over(
    addresses: Addresses,
    folder: Path,
    *,
    policy: str = BRISK,
    key: str = KEY,
    url: str = "",
    kept_in: Store = KeptFixes,
    callers: str = "",
    caller_groups: tuple[tuple[str, str], ...] = (),
) -> AsyncGenerator[Repairing]:
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test sets itself up
    (folder / "policy.toml").write_text(policy)
    with proxying(addresses.kubernetes) as proxy, _web(addresses) as web:
        reach = Connections(
            kubeconfig=kubeconfig_through(proxy, addresses.kubeconfig, folder),
            prometheus_url=addresses.prometheus,
            alertmanager_url=addresses.alertmanager,
            timeout_s=15,
            callers=callers,
            caller_groups=caller_groups,
        )
        url = url or f"sqlite:///{folder / 'midwatch.db'}"
        async with Database.opened(url) as database, AuditLog(database) as audit:
            store = kept_in(database)
            desk = fix_desk(
                store, key=key, policy_file=folder / "policy.toml", stop_file=folder / "stop"
            )
            async with in_process(reach, audit=audit, fixes=desk) as sessions:
                yield Repairing(sessions, store, audit, folder, url, addresses, web, proxy, desk)


def _web(addresses: Addresses) -> httpx2.Client:
    config = yaml.safe_load(addresses.kubeconfig.read_text())
    token = config["users"][0]["user"].get("token", "")
    headers = {"authorization": f"Bearer {token}"}
    return httpx2.Client(base_url=addresses.kubernetes, headers=headers, timeout=120)


def without_hand(principal: Principal) -> Principal:
    """The same person, as a turn of a model acts for them."""
    return replace(principal, present=False)
