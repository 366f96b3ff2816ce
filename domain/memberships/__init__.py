"""memberships: two members who are one person, and members who want to be forgotten."""
