"""streaks: days, weeks or months in a row."""
