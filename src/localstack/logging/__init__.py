"""The platform's log."""
