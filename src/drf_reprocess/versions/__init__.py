"""Versions: which VID a product gets, and the history that tells why; pure functions."""
