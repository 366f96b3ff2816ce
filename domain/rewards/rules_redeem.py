"""What becomes of a batch of redemptions, decided one after another on the same ground."""
