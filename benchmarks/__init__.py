"""The benchmarks: what the engine costs, part by part and as a whole, and what a user would pay elsewhere.

``python -m benchmarks --help`` tells the commands. Every benchmark proves its answer as well as timing it, appends what it
measured to a small database, and runs as a test with timing off (``tests/benchmarks``).
"""
