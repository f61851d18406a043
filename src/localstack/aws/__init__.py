"""The AWS side of the platform."""
