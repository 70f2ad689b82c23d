"""The set-up around two domains: what a plan requires, what is there, what to add, what to take back."""
