"""Alignment: fine-tuning the embedder so that interests and documents agree on relevance (IRA, section 2.2).

queries -> candidates from several retrievers -> judgements -> lists in order -> a fine-tuned embedder
"""
