"""Containers: what describes one, and the client of the engine that runs it."""
