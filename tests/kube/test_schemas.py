"""The schemas of the practice cluster beside those of the real server, kind by kind."""

from collections.abc import Iterator

import httpx2
import pytest

from sandbox.kubernetes_api.kinds import REVIEWS, STANDARD, Kind
from sandbox.server import serving_in_thread
from tests.kube.schema_trees import fields_of, kinds_of
from tests.sandbox.small_cluster import write_snapshot

pytestmark = pytest.mark.real_only("the practice cluster is what the real one is compared with")

# What the client's models have of API versions after the real server's, which is 1.34.
LATER = {
    "CSIDriverSpec.preventPodSchedulingIfMissing", "CSIDriverSpec.serviceAccountTokenInSecrets",
    "CSINode.status", "ClusterTrustBundleProjection.user", "ConfigMapVolumeSource.defaultUser",
    "CustomResourceDefinitionCondition.observedGeneration",
    "CustomResourceDefinitionStatus.observedGeneration", "DownwardAPIVolumeFile.user",
    "DownwardAPIVolumeSource.defaultUser", "EmptyDirVolumeSource.mode", "GRPCAction.mode",
    "HTTPGetAction.protocol", "HorizontalPodAutoscalerCondition.observedGeneration",
    "JobSpec.scheduling", "KeyToPath.user", "NodeSpec.podPreemptionPolicy",
    "NodeStatus.declaredFeatures", "NodeSystemInfo.runningInUserNamespace",
    "PersistentVolumeClaimStatus.healthStatus", "PodCertificateProjection.user",
    "PodCertificateProjection.userAnnotations", "PodSpec.evictionResponders",
    "PodSpec.schedulingGroup", "PodStatus.allocatedResources",
    "PodStatus.nodeAllocatableResourceClaimStatuses", "PodStatus.resources",
    "PodStatus.volumeHealth", "ProjectedVolumeSource.defaultUser", "ResourceHealth.message",
    "SecretVolumeSource.defaultUser", "ServiceAccountTokenProjection.user",
    "VolumeMount.bindMountOptions", "VolumeMountStatus.volumeStatus",
}  # fmt: skip


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    folder = write_snapshot(tmp_path_factory.mktemp("practice"))
    with (
        serving_in_thread(folder, reacts=False) as addresses,
        httpx2.Client(base_url=addresses.kubernetes) as client,
    ):
        yield client


def told_of(client: httpx2.Client, kind: Kind) -> dict[str, str]:
    place = f"apis/{kind.group_version}" if kind.group else f"api/{kind.version}"
    document = client.get(f"/openapi/v3/{place}").raise_for_status().json()
    return fields_of(document, kind.kind, kinds_of(document)[kind.version, kind.kind])


@pytest.mark.parametrize(
    "kind", [*STANDARD, *REVIEWS], ids=lambda kind: f"{kind.group}/{kind.kind}"
)
def test_a_kind_has_the_fields_and_types_that_the_real_server_tells(
    http: httpx2.Client, practice: httpx2.Client, kind: Kind
) -> None:
    real, ours = told_of(http, kind), told_of(practice, kind)
    known_types = {field.partition(".")[0] for field in real}
    # A type that the real server does not know is there only for what a later field holds.
    comparable = {
        field: told
        for field, told in ours.items()
        if field not in LATER and field.partition(".")[0] in known_types
    }
    assert comparable == real
