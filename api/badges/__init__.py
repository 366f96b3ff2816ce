"""Badges as anybody can see and check them: Open Badges 3.0 credentials, pages, pictures."""
