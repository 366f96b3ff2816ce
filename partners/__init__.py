"""partners: whatever needs two brands."""
