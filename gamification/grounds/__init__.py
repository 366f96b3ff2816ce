"""grounds: what games judge by: members with all that they did."""
