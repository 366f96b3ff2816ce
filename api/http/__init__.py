"""HTTP endpoints and what every request passes through."""
