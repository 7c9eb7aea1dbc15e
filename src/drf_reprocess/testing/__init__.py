"""Sample missions and contracts for tests; nothing else in the package imports this but the sample command."""
