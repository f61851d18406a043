"""What programs have sent."""
