"""Parquet: tables to bytes and back to a dataset."""
