"""The pipeline's stages, one verb a module."""
