"""badges: what members are awarded and can show, as credentials."""
