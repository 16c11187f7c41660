"""B. Images that do not come."""

from typing import Any

from evals.clusters.containers import status, waiting
from evals.clusters.events import event
from evals.clusters.objects import account, secret
from evals.clusters.pods import pod
from evals.clusters.telling import root
from evals.clusters.world import Json
from evals.generated.failing import cannot_be_pulled, crashes
from evals.generated.registry import fault
from evals.generated.scene import App, Scene


def unpack(image: str, end: str, code: str = "Unknown") -> str:
    """How containerd tells that a pull failed."""
    return f'rpc error: code = {code} desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": {end}'


def pull(scene: Scene, error: str, spec: Json, before: Json | None = None, **parts: Any) -> App:
    name = scene.back
    app = scene.failing(name, spec, cannot_be_pulled(scene, error), before=before, **parts)
    if before is None:
        scene.calls(scene.front, app, "ERROR upstream {url} unavailable: connection refused")
    return app


@fault(13, "events")
def tag_was_never_pushed(scene: Scene) -> None:
    before = scene.spec(scene.back)
    spec = {**before, "image": before["image"].rpartition(":")[0] + ":" + scene.tag() + "-rc"}
    image = spec["image"]
    error = unpack(image, f"{image}: not found", "NotFound")
    app = pull(scene, error, spec, before)
    scene.tell(
        "rollout", app, root("pod.image_pull.not_found", app.parent),
        fix=("fix.rollback", app.parent), mention=(image,),
        symptoms_ok=["deploy.unavailable", "deploy.progress_deadline"],
    )  # fmt: skip


@fault(13, twin=True)
def new_tag_came_up(scene: Scene) -> None:
    app = scene.healthy(scene.back, born=scene.since)
    scene.calls(scene.front, app)
    for one in app.pods:
        image = app.spec["image"]
        event(scene.world, one, "Pulling", f'Pulling image "{image}"', first=scene.since)
        text = f'Successfully pulled image "{image}" in 9.182s (9.182s including waiting). Image size: 88123911 bytes.'
        event(scene.world, one, "Pulled", text, first=scene.since - 0.1)
    scene.tell("fine", app)


@fault(14, "events")
def private_without_secret(scene: Scene) -> None:
    image = f"ghcr.io/{scene.space}-team/{scene.back}:{scene.tag()}"
    account(scene.world, scene.space, "default")
    end = scene.pick(
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
        f"https://ghcr.io/token?scope=repository%3A{scene.space}-team%2F{scene.back}%3Apull&service=ghcr.io: 401 Unauthorized",
        "pull access denied, repository does not exist or may require authorization: "
        "authorization failed: no basic auth credentials",
    )
    app = pull(scene, unpack(image, end), scene.spec(scene.back, image=image))
    scene.tell("down", app, root("pod.image_pull.auth", app.parent), fix="none", mention=(image,))


@fault(15, "events")
def secret_stayed_behind(scene: Scene) -> None:
    image = scene.image(scene.back)
    called = scene.pick("regcred", "registry-pull", "harbor-robot")
    secret(
        scene.world, scene.other_space, called, {".dockerconfigjson": "e30="},
        kind="kubernetes.io/dockerconfigjson",
    )  # fmt: skip
    end = (
        "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized"
    )
    app = pull(
        scene, unpack(image, end), scene.spec(scene.back, image=image),
        more=(("imagePullSecrets", [{"name": called}]),),
    )  # fmt: skip
    for one in app.failing:
        text = f"Unable to retrieve some image pull secrets ({called}); attempting to pull the image may not succeed."
        event(
            scene.world, one, "FailedToRetrieveImagePullSecret", text,
            warn=True, first=scene.since, last=0.7, count=31,
        )  # fmt: skip
    scene.tell(
        "down", app, root("pod.image_pull.secret_missing", app.parent),
        fix="none", mention=(called,), symptoms_ok=["pod.image_pull.auth"],
    )  # fmt: skip


@fault(16, "events")
def anonymous_pulls_are_used_up(scene: Scene) -> None:
    image = f"docker.io/library/{scene.pick('nginx:1.27.4', 'redis:7.4.2', 'node:22.14')}"
    end = (
        f'rpc error: code = Unknown desc = failed to pull and unpack image "{image}": failed to copy: httpReadSeeker: failed open: '
        "unexpected status code https://registry-1.docker.io/v2/library/x/manifests/sha256:5f0cea: 429 Too Many Requests - Server message: "
        "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
    )
    app = pull(scene, end, scene.spec(scene.back, image=image))
    scene.tell("down", app, root("pod.image_pull.rate_limited", app.parent), fix="none")


@fault(17, "logs")
def wrong_architecture(scene: Scene) -> None:
    for one in scene.nodes[1:]:
        one["metadata"]["labels"]["kubernetes.io/arch"] = "arm64"
        one["status"]["nodeInfo"]["architecture"] = "arm64"
    name, spec = scene.back, scene.spec(scene.back)
    bad = crashes(scene, f"exec /usr/local/bin/{name}: exec format error", code=255, lived=0.02)

    def fail(child: Json, place: Json) -> Json:
        if place is scene.nodes[0]:
            return pod(scene.world, child, place, born=scene.since)
        return bad(child, place)

    app = scene.failing(name, spec, fail, replicas=2)
    app.parent["status"].update(readyReplicas=1, availableReplicas=1, unavailableReplicas=1)
    app.child["status"].update(readyReplicas=1, availableReplicas=1)
    scene.tell(
        "restarts", app, root("pod.image_pull.arch", app.parent),
        fix=("fix.node_selector", app.parent), mention=("exec format error",),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )  # fmt: skip


@fault(18)
def template_was_not_rendered(scene: Scene) -> None:
    before = scene.spec(scene.back)
    image = scene.pick("{{ .Values.image }}", "${IMAGE}:${TAG}", "registry.example/App:{{tag}}")
    text = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": invalid reference format'

    def fail(child: Json, place: Json) -> Json:
        spec = child["spec"]["template"]["spec"]["containers"][0]
        state = status(spec, waiting("InvalidImageName", text), ready=False)
        one = pod(scene.world, child, place, [state], born=scene.since)
        event(
            scene.world,
            one,
            "InspectFailed",
            text,
            warn=True,
            first=scene.since,
            last=0.4,
            count=60,
        )
        event(
            scene.world,
            one,
            "Failed",
            "Error: InvalidImageName",
            warn=True,
            first=scene.since,
            last=0.4,
            count=60,
        )
        return one

    app = scene.failing(scene.back, {**before, "image": image}, fail, before=before)
    scene.tell(
        "rollout", app, root("pod.image_pull.invalid_name", app.parent),
        fix=("fix.rollback", app.parent), mention=(image,),
        symptoms_ok=["deploy.progress_deadline", "deploy.unavailable"],
    )  # fmt: skip
