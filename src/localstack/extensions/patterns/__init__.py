"""Base classes for common kinds of extensions."""
