"""The schedule: epochs, windows, blocks and the time that there is for them; writes the record."""
