"""EIMF: interests in words teach a tower what its readers' vectors mean; when it is asked, it needs no words.

readers' texts -> typical readers (affinity propagation) -> their interests in words, by a language model, or
Interest Units -> a part of the loss: the words have to tell the next document, and to look like it

Source: Qiao et al., "LLM-assisted Explicit and Implicit Multi-interest Learning Framework for Sequential
Recommendation", arXiv 2411.09410.
"""
