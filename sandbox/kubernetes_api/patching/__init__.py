"""The four patches: JSON, merge, strategic merge and server-side apply."""

from sandbox.kubernetes_api.patching.applying import applied
from sandbox.kubernetes_api.patching.json_patch import patched_by_operations
from sandbox.kubernetes_api.patching.merging import merged
from sandbox.kubernetes_api.patching.strategic import strategically_merged

__all__ = ["applied", "merged", "patched_by_operations", "strategically_merged"]
