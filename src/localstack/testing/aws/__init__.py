"""AWS clients for tests."""
