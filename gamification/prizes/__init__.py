"""prizes: what games owe members, each paid once."""
