"""Data return files: bytes to a table, mended by named rules; pure functions."""
