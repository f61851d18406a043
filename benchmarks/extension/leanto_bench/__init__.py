"""What the benchmarks serve: an extension for the platform, and the same routes and handlers for its peers."""
