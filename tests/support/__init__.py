"""What tests share: servers, builders, ways to look at the result."""
