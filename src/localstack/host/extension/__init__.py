"""Extensions in this process: found, loaded, guarded, owned, listed."""
