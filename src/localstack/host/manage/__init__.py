"""Managing a running platform over HTTP, and what protects that."""
