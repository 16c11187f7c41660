"""Why so many instances are recommended, in English and Chinese."""

from typing import Protocol

from mcp_servers.engines.quantities import as_bytes

UNITS = {
    "en": {"qps": "requests/s", "cpu": "cores"},
    "zh": {"qps": "请求/秒", "cpu": "核"},
}

REASONS = {
    "en": {
        "may_not": "No instances are recommended: seeing the workload takes cluster:read.",
        "unread": "No instances are recommended: the workload could not be read. {why}",
        "no_workload": "No instances are recommended: no Deployment or StatefulSet is named {name}.",
        "several": "No instances are recommended: {count} workloads are named {name}; "
        "give a namespace.",
        "no_basis": "No instances are recommended: {name} has neither a request nor a limit for "
        "every container, and too little of its past shows what one instance carries.",
        "basis_request": "One instance carries {each}: {target} % of what it requests.",
        "basis_limit": "One instance carries {each}: {target} % of its limit, "
        "as it requests nothing.",
        "basis_cpu_per_request": "One request takes {cost} core-seconds in the median of the "
        "history, so an instance that requests {request} carries {each} at {target} % of it.",
        "basis_carried": "One instance has carried {each} at its busiest; "
        "what more it could carry was never seen.",
        "division": "The upper end of the peak is {peak}, which takes {count} instances; "
        "there are {now}.",
        "returns": "If the load returns to what it was before it fell, the upper end of the peak is "
        "{otherwise}, which takes {count_otherwise} instances.",
        "lasts": "If the load stays as far above what it was before, the upper end of the peak is "
        "{otherwise}, which takes {count_otherwise} instances.",
        "larger": "The larger of both is recommended, {sized}: which of them comes is not known.",
        "crossing": "What there is may be too little from {at} on.",
        "enough": "What there is is enough for the whole horizon.",
        "starts": "Its pods took {start} s from their making to ready in the median, {worst} s at most.",
        "no_starts": "How long a pod takes to become ready is not known: "
        "none is ready that never restarted.",
        "scaled": "An autoscaler counts its pods, up to {most}: the number is what to expect of it.",
        "scaler_ends": "The autoscaler ends at {most}, which is below that: raise maxReplicas first.",
    },
    "zh": {
        "may_not": "不给出实例数建议：查看工作负载需要 cluster:read 权限。",
        "unread": "不给出实例数建议：无法读取工作负载。{why}",
        "no_workload": "不给出实例数建议：没有名为 {name} 的 Deployment 或 StatefulSet。",
        "several": "不给出实例数建议：有 {count} 个名为 {name} 的工作负载，请指定命名空间。",
        "no_basis": "不给出实例数建议：{name} 并非所有容器都设置了申请量或上限，"
        "历史也太少，无法看出单个实例能承载多少。",
        "basis_request": "单个实例可承载 {each}：即其申请量的 {target} %。",
        "basis_limit": "单个实例可承载 {each}：它没有申请量，按上限的 {target} % 计。",
        "basis_cpu_per_request": "按历史中位数，每个请求消耗 {cost} 核·秒；"
        "申请 {request} 的实例用到 {target} % 时可承载 {each}。",
        "basis_carried": "单个实例最忙时承载过 {each}；能否承载更多从未出现过。",
        "division": "峰值区间上限为 {peak}，需要 {count} 个实例；目前有 {now} 个。",
        "returns": "若负载恢复到下降之前的常态，峰值区间上限为 {otherwise}，"
        "需要 {count_otherwise} 个实例。",
        "lasts": "若负载持续像现在这样高于此前的常态，峰值区间上限为 {otherwise}，"
        "需要 {count_otherwise} 个实例。",
        "larger": "按两者中较大的给出建议，即 {sized} 个：哪一种会出现尚不可知。",
        "crossing": "从 {at} 起，现有实例可能不够。",
        "enough": "现有实例足以应对整个预测区间。",
        "starts": "它的 Pod 从创建到就绪的中位时间为 {start} 秒，最长 {worst} 秒。",
        "no_starts": "Pod 就绪需要多久未知：没有从未重启且已就绪的 Pod。",
        "scaled": "它的 Pod 数由自动伸缩控制，上限 {most}：此数即预期的副本数。",
        "scaler_ends": "自动伸缩的上限 {most} 低于所需：请先提高 maxReplicas。",
    },
}


class About(Protocol):
    @property
    def metric(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def language(self) -> str: ...


def load(value: float, about: About) -> str:
    """With its unit; bytes as Kubernetes writes them."""
    if about.metric == "memory":
        return as_bytes(value)
    return f"{value:.4g} {UNITS[about.language][about.metric]}"


def reason(key: str, about: About, **facts: object) -> str:
    """One sentence; braces in a fact are never read as a template."""
    return REASONS[about.language][key].format(name=about.name, **facts)
