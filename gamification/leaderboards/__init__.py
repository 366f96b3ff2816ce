"""leaderboards: windows, scores, ranks, seasons and leagues."""
