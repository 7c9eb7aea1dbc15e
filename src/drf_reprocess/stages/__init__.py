"""The pipeline's stages, one verb a module.

::

    discover -> plan -> process -> assemble -> publish -> package -> verify
    (list)     (decide) (read, mend, (inventories, (views)   (zip and   (reopen
                         parse, label) bundle)                manifests)  and prove)

Each stage is a function from values and effects (store, catalog, executor) to values; the driver in `pipeline` chains
them in the order of `STAGES`, which also orders the command line and the summary.
"""

STAGES = ("discover", "plan", "process", "assemble", "publish", "package", "verify")
