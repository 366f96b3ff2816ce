"""The demo: a real year of a grocer's loyalty card, and queries to try on it."""
