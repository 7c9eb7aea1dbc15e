"""Plan before run: what a run would do, as a document that can be read, checked and run."""
