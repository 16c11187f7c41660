"""The rca server: what is wrong, and why, from everything that can be looked at."""
