"""The native stream: AG-UI 1.0 over server-sent events."""
