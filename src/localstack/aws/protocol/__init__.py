"""The protocols that AWS services speak."""
