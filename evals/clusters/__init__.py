"""What small clusters are made of: objects, events and logs as a real cluster writes them."""
