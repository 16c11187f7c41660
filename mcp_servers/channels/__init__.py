"""Channels by which people are told, and the messages on their way."""
