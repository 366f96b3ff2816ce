"""wallets: a member's points in lots with release and expiry."""
