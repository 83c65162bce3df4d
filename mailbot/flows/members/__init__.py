"""Members: their register, addresses and memberships, what they ask for by mail, and what comes back undelivered."""
