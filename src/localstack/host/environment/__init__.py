"""Where installed extensions live: sources, plans, generations."""
