"""The four patches: JSON, merge, strategic merge and server-side apply; and who owns which field."""

from sandbox.kubernetes_api.patching.applying import applied
from sandbox.kubernetes_api.patching.duplicates import duplicates
from sandbox.kubernetes_api.patching.field_sets import Fields, named_fields
from sandbox.kubernetes_api.patching.json_patch import patched_by_operations
from sandbox.kubernetes_api.patching.layouts import Layout
from sandbox.kubernetes_api.patching.merging import merged
from sandbox.kubernetes_api.patching.ownership import Writer, recorded
from sandbox.kubernetes_api.patching.printing import go_printed
from sandbox.kubernetes_api.patching.strategic import strategically_merged

__all__ = [
    "Fields",
    "Layout",
    "Writer",
    "applied",
    "duplicates",
    "go_printed",
    "merged",
    "named_fields",
    "patched_by_operations",
    "recorded",
    "strategically_merged",
]
