"""Questions to the catalog, answered as plain tables."""
