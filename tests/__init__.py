"""What must hold, folder by folder as the source lies."""
