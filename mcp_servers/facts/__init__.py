"""The shared words of backends, engines and servers: frozen records, units in the names."""
