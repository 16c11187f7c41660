"""What Midwatch keeps: conversations, usage, users, tokens and the audit trail."""
