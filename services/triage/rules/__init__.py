"""The pure decisions of triage: which mails are alike, what happens to a case, what a verdict means for the others."""
