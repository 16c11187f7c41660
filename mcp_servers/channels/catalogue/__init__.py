"""The words of messages, the same keys in both languages."""
