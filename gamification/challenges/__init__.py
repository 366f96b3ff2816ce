"""challenges: goals that members reach alone, in teams or all together."""
