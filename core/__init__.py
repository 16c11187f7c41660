"""The floor: errors, clock, principal, redaction, settings, storage, security, telemetry."""
