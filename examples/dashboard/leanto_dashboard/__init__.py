"""AWS calls, live."""
