"""A made-up floor that produces believable facts."""
