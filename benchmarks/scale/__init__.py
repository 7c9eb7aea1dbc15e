"""Scale, on paper and by simulation: what was measured here, carried to missions and clusters that are not here.

``python -m benchmarks.scale --help`` tells the commands. `costs` holds what a machine was measured to take, `stages` makes
the stages of a run of it, `simulation` plays them event by event, and `formula` says the same in closed form.
"""
