"""simulation: what a programme would have done to what has happened, without touching any of it."""
