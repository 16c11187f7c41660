"""Which lists of the standard kinds are merged by key, as the API's own types say."""

# Field → the field that tells its entries apart in a strategic merge.
_MERGE_KEYS = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "hostIPs": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "ports": "port",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "secrets": "name",
    "topologySpreadConstraints": "topologyKey",
    "validations": "expression",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
    "webhooks": "name",
}

# Where server-side apply tells entries apart by more than the merge key.
_MORE_KEYS = {
    "containerPort": ("containerPort", "protocol"),
    "port": ("port", "protocol"),
    "topologyKey": ("topologyKey", "whenUnsatisfiable"),
}

_SETS = frozenset({"finalizers"})

# Lists of these kinds that have a merge key elsewhere are replaced as a whole.
_ATOMIC = {
    ("Endpoints", "addresses"),
    ("Endpoints", "ports"),
    ("EndpointSlice", "addresses"),
    ("EndpointSlice", "ports"),
    ("NetworkPolicy", "ports"),
    ("ServiceAccount", "imagePullSecrets"),
}


def merge_key(kind: str, path: tuple[str, ...]) -> str:
    """The key that tells the entries of the list at `path` apart; "" if it is replaced as a whole."""
    field = path[-1]
    if (kind, field) in _ATOMIC:
        return ""
    if field == "ports" and path[-2:-1] and path[-2].lower().endswith("containers"):
        return "containerPort"
    return _MERGE_KEYS.get(field, "")


def entry_keys(kind: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The keys by which server-side apply tells entries apart; () for a list replaced as a whole."""
    key = merge_key(kind, path)
    return _MORE_KEYS.get(key, (key,) if key else ())


def is_set(path: tuple[str, ...]) -> bool:
    """A list of plain values of which each occurs once."""
    return path[-1] in _SETS and path[:1] == ("metadata",)
