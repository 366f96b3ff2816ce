"""earning: purchases, refunds and the points they earn."""
