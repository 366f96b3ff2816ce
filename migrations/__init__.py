"""migrations: the history of the database's shape, and the command that brings it up to date."""
