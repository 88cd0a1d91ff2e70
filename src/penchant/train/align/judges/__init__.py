"""Who says whether a document is relevant to a query: a file, clicks, or a language model."""
