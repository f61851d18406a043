"""A tape of AWS calls."""
