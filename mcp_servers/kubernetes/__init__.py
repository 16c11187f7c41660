"""The kubernetes server: the live state of the cluster, read-only."""
