"""referrals: members who bring friends: codes, what must happen, what is refused as farming."""
