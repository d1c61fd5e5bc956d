"""The explorer beside others: one scenario, one set of bugs, and what each tool needs to run them."""
