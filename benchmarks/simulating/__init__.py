"""One scenario of built-in models beside others: who simulates it, and what each needs for a packet."""
