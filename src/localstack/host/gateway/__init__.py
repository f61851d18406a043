"""The front door: server, handler chain, internal routes, CORS."""
