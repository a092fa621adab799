"""pg_stat_statements in, a query profile per endpoint out."""
