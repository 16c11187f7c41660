"""Kinds of objects and what people call them."""

import re

# Kind → its names in lower case, English and Chinese; English plurals are formed by rule.
KINDS: dict[str, tuple[str, ...]] = {
    "Deployment": ("deployment", "deploy", "部署"),
    "StatefulSet": (
        "statefulset",
        "stateful set",
        "sts",
        "有状态副本集",
        "有状态应用",
        "有状态服务集",
        "有状态集",
        "有状态服务",
    ),
    "DaemonSet": ("daemonset", "daemon set", "ds", "守护进程集", "守护进程"),
    "ReplicaSet": ("replicaset", "replica set", "rs", "副本集"),
    "Pod": ("pod", "po", "容器组", "实例"),
    "Node": ("node", "节点"),
    "Service": ("service", "svc", "服务"),
    "Namespace": ("namespace", "命名空间", "名字空间", "名称空间"),
    "Ingress": ("ingress", "ing", "入口"),
    "ConfigMap": ("configmap", "config map", "cm", "配置项", "配置字典"),
    "Job": ("job", "任务"),
    "CronJob": ("cronjob", "cron job", "cj", "定时任务"),
    "PersistentVolumeClaim": (
        "persistentvolumeclaim",
        "persistent volume claim",
        "pvc",
        "存储卷声明",
        "存储声明",
    ),
    "PersistentVolume": (
        "persistentvolume",
        "persistent volume",
        "volume",
        "pv",
        "存储卷",
        "持久卷",
    ),
    "HorizontalPodAutoscaler": ("horizontalpodautoscaler", "hpa", "autoscaler", "自动伸缩"),
    "PodDisruptionBudget": ("poddisruptionbudget", "pdb"),
    "NetworkPolicy": ("networkpolicy", "network policy", "netpol", "网络策略"),
    "ResourceQuota": ("resourcequota", "quota", "配额"),
    "ServiceAccount": ("serviceaccount", "service account", "sa", "服务账号"),
    "StorageClass": ("storageclass", "storage class", "存储类"),
    "Secret": ("secret",),
    "Event": (),
}

# Kinds whose objects are known by their own name only: a Service is also somebody's service.
OWN_NAME = frozenset(KINDS) - {"Service", "Namespace"}


def _kind_words() -> dict[str, str]:
    words: dict[str, str] = {}
    for kind, names in KINDS.items():
        for name in names:
            words[name] = kind
            if name.isascii() and len(name) > 2:
                words[f"{name}es" if name.endswith("ss") else _plural(name)] = kind
    return words


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


KIND_WORDS = _kind_words()
KIND_PARTS = frozenset(part for word in KIND_WORDS for part in word.split())
# Any of them as a pattern, the longest first.
KIND_PATTERN = "|".join(re.escape(word) for word in sorted(KIND_WORDS, key=len, reverse=True))
