"""Who asks at a terminal: the person whose machine and kubeconfig it is."""

from dataclasses import replace

from core.principal import Permission, Principal

OPERATOR = Principal("local", frozenset({"admin"}), frozenset(Permission), itself=True)
# Whoever types a command that decides something acts with their own hand.
TYPING = replace(OPERATOR, present=True)
