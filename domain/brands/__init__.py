"""brands: a brand, its time zone and its currency."""
