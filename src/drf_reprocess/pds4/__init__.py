"""PDS4 products: labels, inventories, manifests and their checks; pure functions."""
