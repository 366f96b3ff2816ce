"""metrics: figures of a brand, reads only."""
