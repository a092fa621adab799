"""Which version changed what: a search over releases or commits (pure), and the probe that measures for it."""
