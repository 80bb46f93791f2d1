"""Ops — what keeps a server going for months: uploads, watching, alerts from the shell."""
