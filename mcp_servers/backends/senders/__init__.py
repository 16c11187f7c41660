"""One sender a kind of channel: its configuration, its limits, its format, and how it says yes."""
