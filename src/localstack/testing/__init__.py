"""What tests of extensions import."""
