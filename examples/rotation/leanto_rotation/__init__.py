"""Secrets that change by themselves."""
