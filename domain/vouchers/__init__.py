"""vouchers: codes for a till: from pools or made here, used once, returned or ended."""
