"""What a ResourceQuota itself may say, on both servers."""

from typing import Any

import pytest

from tests.kube.manifests import thing
from tests.kube.server import Kube, refused

Json = dict[str, Any]
PODS = {"pods": "1"}


def quota(**spec: Any) -> Json:
    return thing("ResourceQuota", "q", spec={"hard": PODS, **spec})


def selecting(*expressions: Json) -> Json:
    return quota(scopeSelector={"matchExpressions": list(expressions)})


def chosen(scope: str, operator: str = "Exists", *values: str) -> Json:
    told = {"scopeName": scope, "operator": operator}
    return {**told, "values": list(values)} if values else told


NOT_FOR_IT = "unsupported scope applied to resource"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (quota(scopes=["Odd"]), 'spec.scopes: Invalid value: ["Odd"]: unsupported scope'),
        (
            quota(scopes=["BestEffort", "NotBestEffort"]),
            'Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
        ),
        (quota(scopes=["Terminating", "NotTerminating"]), "conflicting scopes"),
        (quota(hard={"cpu": "1"}, scopes=["BestEffort"]), NOT_FOR_IT),
        (quota(hard={"services": "1"}, scopes=["Terminating"]), NOT_FOR_IT),
        (quota(scopes=["VolumeAttributesClass"]), NOT_FOR_IT),
        (
            selecting(chosen("PriorityClass", "Odd", "a")),
            'matchExpressions.operator: Invalid value: "Odd": not a valid selector operator',
        ),
        (
            selecting(chosen("PriorityClass", "In")),
            "matchExpressions.values: Required value: must be at least one value",
        ),
        (
            selecting(chosen("PriorityClass", "Exists", "a")),
            'matchExpressions.values: Invalid value: ["a"]: must be no value',
        ),
        (
            selecting(chosen("Odd")),
            'matchExpressions.scopeName: Invalid value: "Odd": unsupported scope',
        ),
        (
            selecting(chosen("Terminating", "In", "a")),
            "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating",
        ),
        (
            selecting(chosen("Terminating"), chosen("NotTerminating")),
            "matchExpressions: Invalid value: null: conflicting scopes",
        ),
        (
            quota(hard={"cpu": "1"}, scopeSelector={"matchExpressions": [chosen("BestEffort")]}),
            '[{"ScopeName":"BestEffort","Operator":"Exists","Values":null}]}: ' + NOT_FOR_IT,
        ),
        (quota(hard={"pods": "-1"}), 'hard[pods]: Invalid value: "-1": must be greater than'),
        (quota(hard={"pods": "1.5"}), 'Invalid value: "1500m": must be an integer'),
        (quota(hard={"odd": "1"}), 'hard[odd]: Invalid value: "odd": must be a standard resource'),
    ],
)
def test_a_quota_that_makes_no_sense_is_refused(kube: Kube, told: Json, words: str) -> None:
    refused(kube.create("resourcequotas", told), 422, "Invalid", words)


@pytest.mark.parametrize(
    "told",
    [
        quota(scopes=["Terminating", "NotBestEffort"]),
        quota(hard={"count/pods": "3", "requests.nvidia.com/gpu": "2"}, scopes=["BestEffort"]),
        selecting(chosen("PriorityClass", "In", "high", "low")),
        selecting(chosen("PriorityClass", "DoesNotExist")),
        selecting(chosen("CrossNamespacePodAffinity")),
    ],
)
def test_one_that_does_is_kept(kube: Kube, told: Json) -> None:
    kube.made("resourcequotas", told)


def test_the_scopes_of_a_quota_stay(kube: Kube) -> None:
    kube.made("resourcequotas", quota())
    told = {"spec": {"scopes": ["Terminating"]}}
    words = 'spec.scopes: Invalid value: ["Terminating"]: field is immutable'
    refused(kube.patch("resourcequotas", "q", told), 422, "Invalid", words)
