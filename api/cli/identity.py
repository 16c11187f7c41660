"""Who asks at a terminal: the person whose machine and kubeconfig it is."""

from core.principal import Permission, Principal

OPERATOR = Principal("local", frozenset({"admin"}), frozenset(Permission))
