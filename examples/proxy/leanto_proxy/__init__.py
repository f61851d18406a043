"""Local servers behind the gateway."""
