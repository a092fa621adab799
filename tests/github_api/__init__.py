"""A local GitHub API that checks what it is asked and what it answers against GitHub's own descriptions.

``server.FakeGitHub`` starts it in a test, ``python -m github_api`` as a process; README.md tells how.
"""
