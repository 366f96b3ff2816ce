"""gamification: what makes earning a game. Pays points only through domain."""
