"""``perf-budget.yml``: how many SQL statements each endpoint may issue, and whether it keeps to that.  (Pure.)"""
