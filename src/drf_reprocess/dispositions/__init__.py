"""The desk at which persons decide about received files: select, check, put in force, withdraw, export."""
