"""programmes: a brand's programme file and its dated, immutable versions."""
