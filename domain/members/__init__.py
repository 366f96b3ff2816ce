"""members: who takes part, known to each brand by its own id."""
