"""Answering sessions: questions that are open, answers that people approved.

For: what an agent is asked, which runs are told which answers, writing answers into a document.
Not for: reading what an agent answered, which is `courier.runs.harvest`.
"""
