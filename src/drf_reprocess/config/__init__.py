"""Configuration: one TOML file, environment and command line into frozen models."""
