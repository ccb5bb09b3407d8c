"""The pages of the docs, and the blocks of the README, that are made from settings, commands and KPIs."""
