"""ledger: double-entry ledger, the only place where points and money change."""
