"""What extensions are written against."""
