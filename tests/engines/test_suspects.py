"""Which logs are worth a request, and in what order."""

from mcp_servers.engines.suspects import containers_worth_reading
from tests.factories import cluster, ended, waiting, workload


def read(*objects: dict[str, object], near: str = "", at_most: int = 60) -> list[str]:
    wanted = containers_worth_reading(cluster(*objects), near=near, at_most=at_most)
    return [pod.name.rsplit("-", 1)[-1] for pod, _, _ in wanted]


def test_of_healthy_workloads_one_pod_is_read_and_the_others_where_was_asked() -> None:
    objects = workload(replicas=3)
    assert read(*objects) == ["aa0bb"]
    assert read(*objects, near="shop") == ["aa0bb", "aa1bb", "aa2bb"]
    assert read(*objects, near="elsewhere") == ["aa0bb"]


def test_what_is_broken_comes_first_and_other_pods_last() -> None:
    well, ill = workload(replicas=2), workload("ill", replicas=1)
    crashed = waiting("ill", "CrashLoopBackOff", lastState=ended(1), restartCount=4)
    ill[2]["status"]["containerStatuses"] = [crashed]
    names = read(*well, *ill, near="shop", at_most=2)
    assert names == ["aa0bb", "aa0bb"]
    pods = [pod.name for pod, _, _ in containers_worth_reading(cluster(*well, *ill), near="shop")]
    assert pods[0].startswith("ill")
    assert pods[-1].endswith("aa1bb")
