"""Tool servers of others: offered only as they were accepted, and passed through the same gate."""
