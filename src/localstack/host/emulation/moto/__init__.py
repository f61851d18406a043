"""moto, which answers: reached the short or the long way, and with less work than it does by itself."""
