"""Answers to reporters: that their report arrived, and what became of it. One for each case and reporter, and each change."""
