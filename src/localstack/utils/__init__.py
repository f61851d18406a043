"""Small tools that extensions import from here: ports, processes, threads, files, text."""
