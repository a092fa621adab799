"""A cell and two subjects in, a running stack out: Postgres and one proxy per arm."""
