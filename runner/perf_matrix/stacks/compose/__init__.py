"""The compose backend: the whole stack as containers of a Docker engine, by docker compose."""
