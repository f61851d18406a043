"""The published extensions, one module each."""
