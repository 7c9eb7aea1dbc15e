"""Run the command line: ``python -m drf_reprocess``."""

from drf_reprocess.cli.app import main

main()
