"""Chat services: who speaks is a user of ours, what they say is a turn, the answer goes into the thread."""
