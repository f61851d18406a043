"""What the emulated services hold: forgotten, listed, written to a file, and read from one."""
