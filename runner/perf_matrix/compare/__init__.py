"""A record in, a comparison out: quantiles, tests, intervals, correction, verdicts. Pure."""
