"""Answers to those who asked for a held mail: what an operator decided and wrote, in the reader's language."""
