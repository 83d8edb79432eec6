"""Responses from a policy, behind one protocol. Nothing here grades or trains."""
