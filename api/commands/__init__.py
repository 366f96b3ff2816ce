"""Command groups of `laurel`, one file each; api/cli.py assembles them."""
