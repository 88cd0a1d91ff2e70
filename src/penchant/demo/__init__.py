"""A simulated community, for a first look with no data and no network: see `community` and `tour`."""
