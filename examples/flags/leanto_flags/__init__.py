"""Feature flags as an AWS service."""
