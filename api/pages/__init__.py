"""Pages for people: the start page and the query explorer, with nothing from elsewhere."""
