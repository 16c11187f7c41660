"""The stage of a drawn case: a cluster of a seed, on which one fault is then played."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from evals.clusters import workloads
from evals.clusters.containers import container, env, http_probe, limits, port
from evals.clusters.events import created_pod, scaled
from evals.clusters.nodes import node
from evals.clusters.objects import service, slices
from evals.clusters.pods import pod
from evals.clusters.telling import ref, truth
from evals.clusters.workloads import Template, app_labels
from evals.clusters.world import Json, World, days
from evals.generated import vocabulary
from evals.generated.asking import questions

Fail = Callable[[Json, Json], Json]  # from a ReplicaSet and a node to the pod that fails there


@dataclass
class App:
    """A workload and what belongs to it."""

    parent: Json
    child: Json
    pods: list[Json]
    spec: Json
    front: Json | None = None
    failing: list[Json] = field(default_factory=list[Json])

    @property
    def name(self) -> str:
        return self.parent["metadata"]["name"]

    @property
    def space(self) -> str:
        return self.parent["metadata"]["namespace"]


class Scene:
    """What a seed decides before anything breaks, and the words for breaking it."""

    def __init__(self, seed: str, *, space: str = "") -> None:
        """`space`: the namespace, where the dice are not to choose it."""
        self.world = World(seed=seed)
        self.dice = dice = self.world.dice
        self.world.cluster = dice.choice(vocabulary.CLUSTERS)
        self.world.layout = dice.choice(("kinds", "list", "json", "json", "json"))
        self.space = dice.choice(vocabulary.SPACES)
        self.other_space = dice.choice(vocabulary.OTHER_SPACES)
        if space:
            self.space, self.other_space = space, f"{space}-other"
        self.style = dice.randrange(3)
        self.since = float(dice.randrange(14, 55))
        self.front, self.middle, self.back = dice.choice(vocabulary.CHAINS)
        self.replicas = dice.randrange(2, 4)
        self._alone = dice.sample(vocabulary.ALONE, len(vocabulary.ALONE))
        self._bystanders = dice.sample(vocabulary.BYSTANDERS, len(vocabulary.BYSTANDERS))
        self.spared: list[Json] = []
        self.nodes = self._nodes(dice.randrange(3, 6))

    def _nodes(self, count: int) -> list[Json]:
        shape, a = self.dice.choice(vocabulary.NODES), self.dice.randrange(10, 99)
        version = self.dice.choice(("v1.30.9", "v1.31.4", "v1.32.2", "v1.33.1"))
        return [
            node(
                self.world,
                shape.format(a=a, n=n + 1),
                zone=vocabulary.ZONES[n % 3],
                version=version,
            )
            for n in range(count)
        ]

    def pick(self, *ones: Any) -> Any:
        return self.dice.choice(ones)

    def new_name(self) -> str:
        return self._alone.pop()

    def bystander(self) -> str:
        return self._bystanders.pop()

    def image(self, name: str, space: str = "") -> str:
        where = self.dice.choice(vocabulary.REGISTRIES).format(space=space or self.space, name=name)
        return f"{where}:{self.tag()}"

    def tag(self) -> str:
        numbers = {key: self.dice.randrange(2, 40) for key in "ab"}
        digits = {key: self.dice.randrange(1, 9) for key in "de"}
        return self.dice.choice(vocabulary.TAGS).format(**numbers, **digits)

    def spec(self, name: str, **more: Any) -> Json:
        """A container as a careful team writes it."""
        number = self.dice.choice(vocabulary.PORTS)
        usual: Json = {
            "image": self.image(name),
            "ports": [port(number, "http")],
            "readinessProbe": http_probe(self.pick("/readyz", "/health", "/-/ready"), "http"),
            "resources": limits("500m", "512Mi", request=("100m", "256Mi")),
        }
        called = self.pick("app", name, "main", "server")
        return container(called, **{**usual, **more})

    def template(self, name: str, spec: Json, **parts: Any) -> Template:
        return Template([spec], labels=app_labels(name, self.style), **parts)

    def healthy(
        self,
        name: str,
        *,
        space: str = "",
        spec: Json | None = None,
        replicas: int = 0,
        born: float = 0,
        spared: bool = True,
        exposed: bool = True,
        **parts: Any,
    ) -> App:
        """A Deployment that is well, behind a Service unless `exposed` is False."""
        space, spec = space or self.space, spec or self.spec(name)
        replicas, born = replicas or self.replicas, born or days(self.dice.randrange(2, 30))
        template = self.template(name, spec, **parts)
        parent = workloads.deployment(
            self.world, space, name, template, replicas=replicas, changed=born
        )
        child = workloads.replicaset(self.world, parent, replicas=replicas, born=born)
        pods = [pod(self.world, child, self.nth(n), born=born) for n in range(replicas)]
        app = App(parent, child, pods, spec)
        if exposed:
            self.expose(app)
        if spared:
            self.spared.append(parent)
        self.chatter(app)
        return app

    def nth(self, n: int) -> Json:
        return self.nodes[n % len(self.nodes)]

    def expose(self, app: App, **said: Any) -> Json:
        """A Service before the app, and its EndpointSlice; `said` is what its spec says otherwise."""
        number = app.spec["ports"][0]["containerPort"] if app.spec.get("ports") else 8080
        labels = dict(app.parent["spec"]["template"]["metadata"]["labels"])
        told: Json = {"target": number, "port": 80, **said}
        app.front = service(self.world, app.space, app.name, labels, **told)
        placed = [one for one in [*app.pods, *app.failing] if one["status"].get("podIP")]
        unready = tuple(one["metadata"]["name"] for one in placed if not _ready(one))
        slices(self.world, app.front, placed, number=number, unready=unready)
        return app.front

    def failing(
        self,
        name: str,
        spec: Json,
        fail: Fail,
        *,
        before: Json | None = None,
        since: float = 0,
        exposed: bool = True,
        replicas: int = 0,
        **parts: Any,
    ) -> App:
        """A Deployment all of whose pods fail; with a `before`, only those of its new revision do.

        `parts` go into the template. The old revision has `before` as its container.
        """
        since, replicas = since or self.since, replicas or self.replicas
        template = self.template(name, spec, **parts)
        app = self._rolled(name, template, before, since, replicas)
        count = 1 if before else replicas
        app.failing = [fail(app.child, self.nth(n)) for n in range(count)]
        for one in app.failing if since < 60 else ():
            created_pod(self.world, app.child, one, since)
        if exposed:
            self.expose(app)
        return app

    def _rolled(
        self, name: str, template: Template, before: Json | None, since: float, replicas: int
    ) -> App:
        world, revision = self.world, self.dice.randrange(2, 40) if before else 1
        late = since > 11
        stands = workloads.is_available(world) if before else workloads.not_available(world, since)
        moving = (
            workloads.deadline(world, "x", since - 10)
            if late
            else workloads.progressing(world, "x", since)
        )
        parent = workloads.deployment(
            world, self.space, name, template,
            replicas=replicas, ready=replicas if before else 0,
            updated=1 if before else replicas, total=replicas + bool(before),
            born=days(40) if before else since + 0.2, revision=revision,
            conditions=[stands, moving],
        )  # fmt: skip
        child = workloads.replicaset(
            world,
            parent,
            replicas=1 if before else replicas,
            ready=0,
            born=since,
            revision=revision,
        )
        app = App(parent, child, [], template.containers[0])
        if since < 60:
            scaled(world, parent, child["metadata"]["name"], 0, 1 if before else replicas, since)
        if before:
            self._old_revision(app, before, replicas, revision - 1)
        return app

    def _old_revision(self, app: App, before: Json, replicas: int, revision: int) -> None:
        born = days(self.dice.randrange(3, 20))
        template = self.template(app.name, before)
        old = workloads.replicaset(
            self.world,
            app.parent,
            replicas=replicas,
            born=born,
            revision=revision,
            template=template,
        )
        for n in range(replicas):
            one = pod(self.world, old, self.nth(n), born=born)
            one["spec"]["containers"] = [before]
            for told in one["status"]["containerStatuses"]:
                told.update(name=before["name"], image=before["image"])
            app.pods.append(one)

    def calls(self, name: str, callee: App, complaint: str = "", **more: Any) -> App:
        """A healthy caller; with a `complaint` its log has said so since the fault began."""
        host = self.pick(
            callee.name,
            f"{callee.name}.{callee.space}",
            f"{callee.name}.{callee.space}.svc.cluster.local",
        )
        url = f"http://{host}:80"
        variable = callee.name.upper().replace("-", "_") + "_URL"
        app = self.healthy(name, spec=self.spec(name, env=env(**{variable: url})), **more)
        if complaint:
            for one in app.pods:
                self.complain(
                    one, app.spec["name"], complaint.format(host=host, url=url, name=callee.name)
                )
        return app  # fmt: skip

    def complain(self, one: Json, name: str, line: str, *, times: int = 9) -> None:
        step = self.since / times
        before = [(self.since + 5 + n, self.line()) for n in range(6, 0, -1)]
        after = [(self.since - n * step, line) for n in range(times)]
        self.world.log(one, name, *before, *after)

    def line(self) -> str:
        numbers = {key: self.dice.randrange(10, 900) for key in "abde"}
        return self.dice.choice(vocabulary.CHATTER).format(**numbers)

    def chatter(self, app: App) -> None:
        for one in app.pods:
            told = [(n * 4.0 + self.dice.random(), self.line()) for n in range(8, 0, -1)]
            self.world.log(one, app.spec["name"], *told)

    def tell(
        self,
        complaint: str,
        about: Json | App,
        *roots: Json,
        space: str = "",
        **said: Any,
    ) -> None:
        """Write the truth down: the complaint is about this object, these are the roots."""
        one = about.parent if isinstance(about, App) else about
        metadata, at = one["metadata"], space or one["metadata"].get("namespace") or self.space
        english, chinese = questions(
            self.dice, complaint, name=metadata["name"], space=at, minutes=self.since
        )
        blamed = [each for cause in roots for each in cause["resources"]]
        spare = tuple(each for each in self.spared if ref(each) not in blamed)
        truth(
            self.world, en=english, zh=chinese, roots=list(roots), namespace=at, spare=spare, **said
        )


def _ready(one: Json) -> bool:
    return all(told["ready"] for told in one["status"]["containerStatuses"])
