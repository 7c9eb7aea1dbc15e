"""Mission profiles: everything that is the mission's and not the engine's, as data."""
