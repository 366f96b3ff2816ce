"""tallies: what each member did, counted by the day."""
