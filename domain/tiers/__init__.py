"""tiers: the ladder of status and where each member stands."""
