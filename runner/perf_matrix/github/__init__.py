"""GitHub: what it tells a job, its API, and what comes from there. Every pull request is untrusted input."""
