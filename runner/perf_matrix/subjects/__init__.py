"""A subject spec in, something that a backend can start out."""
