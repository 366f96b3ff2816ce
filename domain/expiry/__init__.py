"""expiry: when points end that follow what the member does, and warnings before."""
