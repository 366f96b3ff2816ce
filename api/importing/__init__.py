"""Files of purchases: read, checked, grouped into baskets and handed on in batches."""
