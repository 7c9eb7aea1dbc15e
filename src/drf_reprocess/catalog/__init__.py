"""The catalog: what was received, made, versioned and delivered."""
