"""domain: the loyalty of one brand, true with no partner and no game."""
