"""Full-mission reprocessing of daily DRF telemetry files: Parquet, PDS4 labels, verified delivery packages."""
