"""Parts of the platform's services that extensions use."""
