"""Models asked directly: one module per protocol behind the `LanguageModels` port.

For: single questions with an answer in a given form, such as scores.
Not for: agents, which bring their own way to a model, nor for what is asked or made of it.
"""
