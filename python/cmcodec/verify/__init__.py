"""Verifying: what is known of a message, and of many at once (rules V and R)."""
