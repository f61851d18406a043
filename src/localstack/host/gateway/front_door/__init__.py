"""Our own server: one loop that threads take turns in leading, so that a handler runs where its request was read."""
