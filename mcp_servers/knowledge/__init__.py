"""Runbooks and product help, searched."""
