"""Developer mode: enabled folders and the project template."""
