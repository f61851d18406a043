"""What extensions know of the platform's run."""
