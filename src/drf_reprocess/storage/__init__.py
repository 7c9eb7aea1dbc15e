"""Storage: whole-object reads and atomic writes behind one protocol."""
