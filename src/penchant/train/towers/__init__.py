"""LEARN, and the towers that are its kin: who read what in order -> a tower that says what readers go on to.

sequences -> batches by length -> network -> loss -> validation by Recall@20 -> a `penchant.towers` tower

Source: Jia et al., "Knowledge Adaptation from Large Language Model to Recommendation for Practical Industrial
Application", arXiv 2405.03988.
"""
