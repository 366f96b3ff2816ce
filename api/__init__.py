"""api: every way in. The only room that sees all rooms, and the only one that is seen."""
