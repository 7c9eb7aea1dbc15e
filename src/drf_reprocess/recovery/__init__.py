"""Recovery: the catalog made again and held against the tree, the drill, and a lock that was left behind."""
