"""The example extension of Leanto."""
