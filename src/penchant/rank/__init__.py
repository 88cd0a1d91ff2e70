"""A question becomes a list: candidates from several sources, evidence for each, one score, filters,
reasons."""
