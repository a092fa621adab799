"""The run folder: append-only files with a schema, and what is needed to go on after an interruption."""
