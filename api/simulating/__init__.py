"""Replays history under a draft programme and tells what came of it."""
