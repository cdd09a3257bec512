"""Enforcers that Longstop runs itself, for mail servers without Rspamd: a milter, and Postfix' policy delegation.

Both ask the hash that Rspamd asks, one `HMGET` a question, so that all of them obey the same entries from the same moment on.
"""
