"""households: people who spend their points together, and who of them may."""
