"""rewards: what points are spent on: the catalogue, redemptions, and what is given by itself."""
