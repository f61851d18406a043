"""The platform: everything of Leanto that extensions do not import."""
